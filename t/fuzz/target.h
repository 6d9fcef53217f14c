/*
 * target.h -- what a fuzz target is: one function, given any bytes, that
 * aborts where a promise of the tested header does not hold.
 */
#ifndef T_FUZZ_TARGET_H
#define T_FUZZ_TARGET_H
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define PROMISE(true_)                                                         \
	do {                                                                   \
		if (!(true_)) {                                                \
			(void)fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, \
			    __LINE__, #true_);                                 \
			abort();                                               \
		}                                                              \
	} while (0)
#endif
