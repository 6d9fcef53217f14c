/*
 * counter_file.h -- where the processes of a host count together.
 */
#ifndef STORE_COUNTER_FILE_H
#define STORE_COUNTER_FILE_H

/*
 * From now on this process counts in the file, or where that cannot be (a
 * warning says why), or where path is NULL, for itself.  Once in a process.
 */
void counter_file_use(const char *path);

#endif
