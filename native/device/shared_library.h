// A shared library that may not be here: drivers and vendors' libraries are found when the engine
// runs, so that nothing is linked against them and a machine without them loads the same addon.
#pragma once

#include <initializer_list>
#include <string>

namespace signalbox {

class SharedLibrary {
 public:
  /// Opens the first of `names` that is here, as dlopen(3) finds them: a name with a slash is a
  /// path. Where none opens, the object is empty and why() says what was tried.
  explicit SharedLibrary(std::initializer_list<std::string> names);
  ~SharedLibrary();
  SharedLibrary(const SharedLibrary&) = delete;
  SharedLibrary& operator=(const SharedLibrary&) = delete;

  bool isOpen() const { return handle_ != nullptr; }
  const std::string& why() const { return why_; }
  /// It stays in the process when this object goes: for libraries that have threads of their own.
  void keepOpen() { stays_ = true; }

  /// Sets `function` to what is called `name`; false, and why() names it, where it is missing.
  template <class Function>
  bool find(const char* name, Function*& function) {
    function = reinterpret_cast<Function*>(lookUp(name));
    return function != nullptr;
  }

 private:
  void* lookUp(const char* name);

  void* handle_ = nullptr;
  bool stays_ = false;
  std::string opened_;
  std::string why_;
};

}  // namespace signalbox
