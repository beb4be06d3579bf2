// Lets an addon that was linked on a new Linux run on one with glibc 2.28 (RHEL 8, Debian 10),
// which is what Node itself asks for: clusters upgrade late.
//
// A linker takes each function's newest version. Here the versions of 2018 are asked for by name,
// and what did not exist then is written in terms of what did. The linker leads every call there
// is, also those of the C++ library inside the addon, to __wrap_X (CMakeLists.txt has the list);
// test/addon-file.test.ts reads from the file that nothing newer is left.
#include <features.h>

#if defined(__GLIBC__) && defined(__x86_64__)

#include <dlfcn.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

// NOLINTBEGIN: names and shapes are the C library's.
extern "C" {

/// The C++ library skips atomics where this says that there is one thread. There never is.
__attribute__((visibility("hidden"))) char __libc_single_threaded = 0;

#define AS_OF_2_2_5(name) __asm__(".symver old_" #name ", " #name "@GLIBC_2.2.5")

AS_OF_2_2_5(pthread_create);
int old_pthread_create(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
int __wrap_pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                          void* (*body)(void*), void* argument) {
  return old_pthread_create(thread, attributes, body, argument);
}

AS_OF_2_2_5(pthread_join);
int old_pthread_join(pthread_t, void**);
int __wrap_pthread_join(pthread_t thread, void** result) {
  return old_pthread_join(thread, result);
}

AS_OF_2_2_5(pthread_once);
int old_pthread_once(pthread_once_t*, void (*)(void));
int __wrap_pthread_once(pthread_once_t* once, void (*body)(void)) {
  return old_pthread_once(once, body);
}

AS_OF_2_2_5(pthread_key_create);
int old_pthread_key_create(pthread_key_t*, void (*)(void*));
int __wrap___pthread_key_create(pthread_key_t* key, void (*destroy)(void*)) {
  return old_pthread_key_create(key, destroy);
}
int __wrap_pthread_key_create(pthread_key_t* key, void (*destroy)(void*)) {
  return old_pthread_key_create(key, destroy);
}

AS_OF_2_2_5(dlopen);
void* old_dlopen(const char*, int);
void* __wrap_dlopen(const char* name, int flags) { return old_dlopen(name, flags); }

AS_OF_2_2_5(dlsym);
void* old_dlsym(void*, const char*);
void* __wrap_dlsym(void* library, const char* name) { return old_dlsym(library, name); }

AS_OF_2_2_5(dlerror);
char* old_dlerror();
char* __wrap_dlerror() { return old_dlerror(); }

AS_OF_2_2_5(dlclose);
int old_dlclose(void*);
int __wrap_dlclose(void* library) { return old_dlclose(library); }

/// New in 2.30. Waits that may end early are ended early: by real time, a tenth of a second at
/// most, so that a clock that is set does not stretch them. Whoever waits looks again.
int __wrap_pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                                  clockid_t clock, const timespec* deadline) {
  constexpr long kNanos = 1'000'000'000;
  constexpr long kSliceMax = kNanos / 10;
  timespec now;
  clock_gettime(clock, &now);
  const long seconds = deadline->tv_sec - now.tv_sec;
  const long left = seconds > 1 ? kSliceMax : seconds * kNanos + deadline->tv_nsec - now.tv_nsec;
  if (left <= 0) return ETIMEDOUT;
  const long slice = left < kSliceMax ? left : kSliceMax;
  clock_gettime(CLOCK_REALTIME, &now);
  now.tv_nsec += slice;
  now.tv_sec += now.tv_nsec / kNanos;
  now.tv_nsec %= kNanos;
  const int result = pthread_cond_timedwait(condition, mutex, &now);
  return result == ETIMEDOUT && slice < left ? 0 : result;
}

/// Before 2.33 these were inline functions around ones that take the layout's version, which is 1.
constexpr int kStatLayout = 1;

AS_OF_2_2_5(__xstat);
int old___xstat(int, const char*, struct stat*);
int __wrap_stat(const char* path, struct stat* found) {
  return old___xstat(kStatLayout, path, found);
}

AS_OF_2_2_5(__fxstat);
int old___fxstat(int, int, struct stat*);
int __wrap_fstat(int file, struct stat* found) { return old___fxstat(kStatLayout, file, found); }
int __wrap_fstat64(int file, struct stat* found) { return old___fxstat(kStatLayout, file, found); }

AS_OF_2_2_5(__lxstat);
int old___lxstat(int, const char*, struct stat*);
int __wrap_lstat(const char* path, struct stat* found) {
  return old___lxstat(kStatLayout, path, found);
}

/// New in 2.30.
pid_t __wrap_gettid() { return static_cast<pid_t>(syscall(SYS_gettid)); }

/// The same code behind another version of the error handling, which nothing here looks at.
AS_OF_2_2_5(exp);
double old_exp(double);
double __wrap_exp(double x) { return old_exp(x); }

AS_OF_2_2_5(log);
double old_log(double);
double __wrap_log(double x) { return old_log(x); }

AS_OF_2_2_5(pow);
double old_pow(double, double);
double __wrap_pow(double x, double y) { return old_pow(x, y); }

}  // extern "C"
// NOLINTEND

#endif
