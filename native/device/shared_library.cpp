// dlopen and dlsym, and what they say when they fail.
#include "device/shared_library.h"

#include <dlfcn.h>

namespace signalbox {

SharedLibrary::SharedLibrary(std::initializer_list<std::string> names) {
  for (const std::string& name : names) {
    // Its own symbols only: a vendor's library must not answer for another's.
    handle_ = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_ != nullptr) {
      opened_ = name;
      why_.clear();
      return;
    }
    const char* said = dlerror();
    if (!why_.empty()) why_ += "; ";
    why_ += said != nullptr ? said : name + ": cannot be opened";
  }
}

SharedLibrary::~SharedLibrary() {
  if (handle_ != nullptr && !stays_) dlclose(handle_);
}

void* SharedLibrary::lookUp(const char* name) {
  if (handle_ == nullptr) return nullptr;
  void* found = dlsym(handle_, name);
  if (found == nullptr) why_ = opened_ + " has no " + name;
  return found;
}

}  // namespace signalbox
