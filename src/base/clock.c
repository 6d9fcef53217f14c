#include "base/clock.h"

#include <poll.h>
#include <sys/random.h>

int64_t
clock_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
clock_wall_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void
clock_stamp(char *out, size_t size)
{
	struct timespec ts;
	struct tm tm;
	size_t n;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	(void)gmtime_r(&ts.tv_sec, &tm);
	n = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(out + n, size - n, ".%03ldZ", ts.tv_nsec / 1000000);
}

void
clock_pause_ms(int ms)
{
	(void)poll(NULL, 0, ms);
}

int64_t
clock_backoff_us(unsigned n, int64_t base_us, int64_t cap_us)
{
	int64_t most;
	uint32_t r;

	most = base_us;
	while (n-- > 0 && most < cap_us)
		most *= 2;
	if (most > cap_us)
		most = cap_us;
	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) != (ssize_t)sizeof(r))
		r = (uint32_t)clock_us();
	return (int64_t)((double)most * ((double)r / UINT32_MAX));
}
