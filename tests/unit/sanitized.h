/* sanitized.h - whether this is a build with a sanitizer, whose memory and system calls are not gate25's alone. */
#ifndef GATE25_TESTS_UNIT_SANITIZED_H
#define GATE25_TESTS_UNIT_SANITIZED_H

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define SANITIZED true
#endif
#endif
#if !defined(SANITIZED) && defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

#endif
