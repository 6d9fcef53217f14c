#include "peer/answer.h"

const char *
verdict_name(enum verdict v)
{
	static const char *const names[] = {
		[VERDICT_DONE] = "done",
		[VERDICT_LIMITED] = "limited",
		[VERDICT_NOT_YET] = "not_yet",
		[VERDICT_CONFLICT] = "conflict",
		[VERDICT_UNKNOWN] = "unknown",
		[VERDICT_TAKEN_BY] = "taken_by",
		[VERDICT_MOVED] = "moved",
		[VERDICT_GONE] = "gone",
		[VERDICT_NEVER] = "never",
		[VERDICT_STOP] = "stop",
	};

	return names[v];
}
