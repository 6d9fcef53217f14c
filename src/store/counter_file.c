#include "store/counter_file.h"

#include "base/log.h"
#include "core/metrics.h"
#include "io/shared_file.h"

void
counter_file_use(const char *path)
{
	const size_t size = metrics_cells() * sizeof(uint64_t);
	struct err e;
	void *cells;

	if (path == NULL)
		return;
	if (shared_file_map(path, metrics_layout(), size, &cells, &e) == RC_OK)
		metrics_use(cells);
	else
		log_warn("metrics: this process counts for itself: %s", e.text);
}
