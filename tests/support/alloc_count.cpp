// SPDX-License-Identifier: MIT
#include "tests/support/alloc_count.h"

#include <cerrno>
#include <cstdlib>

// The program's own malloc takes the place of the library's, counts and hands on. operator new and
// Eigen both end there.

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define LEAVEOUT_COUNTS_ALLOCATIONS 1
#else
#define LEAVEOUT_COUNTS_ALLOCATIONS 0
#endif

namespace {

// Per thread: other threads' allocations are not the test's. Plain numbers need no constructor,
// which would itself allocate.
thread_local bool counting = false;
thread_local std::size_t calls = 0;

}  // namespace

#if LEAVEOUT_COUNTS_ALLOCATIONS

extern "C" {

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) noexcept {
  calls += counting;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
  calls += counting;
  return __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) noexcept {
  calls += counting;
  return __libc_realloc(old, size);
}
void* memalign(std::size_t alignment, std::size_t size) noexcept {
  calls += counting;
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return memalign(alignment, size);
}
int posix_memalign(void** result, std::size_t alignment, std::size_t size) noexcept {
  *result = memalign(alignment, size);
  return *result ? 0 : ENOMEM;
}

}  // extern "C"

#endif

namespace leaveout {

bool counting_allocations() {
  return LEAVEOUT_COUNTS_ALLOCATIONS != 0;
}

void start_counting_allocations() {
  calls = 0;
  counting = true;
}

std::size_t stop_counting_allocations() {
  counting = false;
  return calls;
}

}  // namespace leaveout
