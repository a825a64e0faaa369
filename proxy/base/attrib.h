/* attrib.h - attributes that make the compiler a reviewer, and the two macros that everybody needs. */
#ifndef GATE25_BASE_ATTRIB_H
#define GATE25_BASE_ATTRIB_H

#define MUST_CHECK             __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define NO_RETURN              __attribute__((noreturn))

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
