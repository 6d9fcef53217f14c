/*
 * null-fcgi.c -- the floor of a comparison: a responder of the same library
 * that does nothing.  libfcgi's own accept loop, one request at a time, a
 * constant answer of the size of a page of customers; started N times on one
 * socket, as libfcgi programs usually are.
 */
#include <fcgiapp.h>

int
main(void)
{
	static char body[3000];
	FCGX_Request request;
	char more[4096];

	memset(body, 'x', sizeof(body));
	if (FCGX_Init() != 0 || FCGX_InitRequest(&request, 0, 0) != 0)
		return 1;
	while (FCGX_Accept_r(&request) == 0) {
		while (FCGX_GetStr(more, sizeof(more), request.in) > 0)
			continue;
		(void)FCGX_FPrintF(request.out,
		    "Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n",
		    (int)sizeof(body));
		(void)FCGX_PutStr(body, sizeof(body), request.out);
		FCGX_Finish_r(&request);
	}
	return 0;
}
