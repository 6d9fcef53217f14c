/*
 * print.h -- foreign text on a terminal: names, addresses and other people's
 * sentences, without the control characters that a terminal would obey.
 */
#ifndef ADMIN_PRINT_H
#define ADMIN_PRINT_H

/* Where the values begin behind a column of labels. */
enum { PRINT_LABEL = 12 };

/*
 * As it is, line by line: what follows a line break stands below the values
 * of PRINT_LABEL.  NULL is shown as (nothing).
 */
void print_text(const char *text);

/* On one line, whatever it holds. */
void print_line(const char *text);

/* On one line, filled up to `width` characters, and two blanks. */
void print_column(const char *text, int width);

/* A duration for people: "40 s", "12 min", "5 h", "3 d". */
enum { PRINT_DURATION_SIZE = 32 };
void format_duration(char out[static PRINT_DURATION_SIZE], double seconds);

#endif
