/*
 * cppcheck.h -- the loops of jansson for cppcheck, which reads no headers of
 * the system and would take them for calls.
 */
#define json_array_foreach(array, i, value)                                    \
	for (i = 0; i < json_array_size(array) &&                              \
		    (value = json_array_get(array, i)) != NULL;                \
	     i++)
#define json_object_foreach(object, key, value)                                \
	for (key = first_key(object);                                          \
	     key != NULL && (value = json_object_get(object, key)) != NULL;    \
	     key = next_key(object, key))
