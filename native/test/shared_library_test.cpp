// Libraries that are found when the engine runs.
#include "device/shared_library.h"

#include "check.h"

using namespace signalbox;

TEST("the first library that is here is opened, and its functions are found") {
  SharedLibrary library({"libsignalbox-nowhere.so.9", "libm.so.6"});
  CHECK(library.isOpen());
  double (*cosine)(double) = nullptr;
  CHECK(library.find("cos", cosine));
  CHECK(cosine(0.0) == 1.0);
  double (*nothing)(double) = nullptr;
  CHECK(!library.find("noSuchFunction", nothing));
  CHECK(nothing == nullptr);
  CHECK(library.why() == "libm.so.6 has no noSuchFunction");
}

TEST("what is not here is no error until it is asked for, and every name tried is told") {
  SharedLibrary library({"libsignalbox-nowhere.so.9", "/nowhere/libother.so"});
  CHECK(!library.isOpen());
  CHECK(library.why().find("libsignalbox-nowhere.so.9") != std::string::npos);
  CHECK(library.why().find("/nowhere/libother.so") != std::string::npos);
  void (*function)() = nullptr;
  CHECK(!library.find("anything", function));
}

TEST_MAIN
