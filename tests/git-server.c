/* SPDX-License-Identifier: MIT */
/*
 * git-server - serves git repositories over http on loopback: for tests
 *
 * usage: git-server DIR
 *
 * One request a connection, one at a time, by git http-backend. In DIR:
 *	repos/		the repositories
 *	port		is written: where it listens
 *	log		is added to: METHOD PATH?QUERY STATUS, a line a request
 *	auth		if it is there: what "Authorization: Basic" has to hold
 *	get, post	what befalls the next GETs and POSTs, a line each: a
 *			status (nothing is done), close (the same, without an
 *			answer), silent (the same, until the client leaves),
 *			lost (done, without an answer), cut (done, half an
 *			answer), late (done, but the answer is a 502), - (none)
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "mem.h"

enum { MOST = 64 << 20 };

/* A file of DIR, which is here; "" without it. */
static char *
text_of(const char *name)
{
	struct buf text = { 0 };

	jv_free(file_read(name, MOST, &text));
	if (text.len > 0 && text.at[text.len - 1] == '\n')
		buf_cut(&text, text.len - 1);
	return buf_take(&text);
}

/* What befalls this request: the first line of a file, which is taken away. */
static char *
fault_of(const char *method)
{
	const char *name = strcmp(method, "GET") == 0 ? "get" : "post";
	char *text = text_of(name);
	char *rest = strchr(text, '\n');

	if (rest != NULL)
		*rest++ = '\0';
	if (*text != '\0')
		jv_free(file_replace(name, rest != NULL ? rest : "",
		    rest != NULL ? strlen(rest) : 0));
	return text;
}

/* A request's header; NULL without it. The caller's. */
static char *
header_of(const char *head, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = strstr(head, "\r\n"); at != NULL;
	     at = strstr(at, "\r\n")) {
		at += 2;
		if (strncasecmp(at, name, len) == 0 && at[len] == ':')
			return xstrndup(
			    at + len + 2, strcspn(at + len + 2, "\r"));
	}
	return NULL;
}

/* Reads a request: its head ends at the empty line that *body is behind. */
static bool
read_request(int from, struct buf *request, size_t *body)
{
	size_t wanted = 0;
	char *end, *length;
	ssize_t got;

	*body = 0;
	for (;;) {
		buf_reserve(request, 65536);
		got = read(from, request->at + request->len, 65535);
		if (got <= 0)
			return false;
		request->len += (size_t)got;
		request->at[request->len] = '\0';
		end = *body == 0 ? strstr(request->at, "\r\n\r\n") : NULL;
		if (end != NULL) {
			*end = '\0';
			*body = (size_t)(end + 4 - request->at);
			length = header_of(request->at, "Content-Length");
			wanted = length != NULL ? strtoul(length, NULL, 10) : 0;
			free(length);
		}
		if (*body > 0 && request->len >= *body + wanted)
			return true;
	}
}

/* What git http-backend makes of it; the caller's. */
static struct buf
serve(const char *method, char *url, const char *head, const char *body,
    size_t size)
{
	int in = memfd_create("in", 0), out = memfd_create("out", 0);
	char *query = strchr(url, '?'), *type = header_of(head, "Content-Type");
	char *length = xasprintf("%zu", size);
	struct buf answer = { 0 };
	pid_t pid;

	if (query != NULL)
		*query = '\0';
	if (write(in, body, size) != (ssize_t)size || lseek(in, 0, 0) != 0)
		exit(1);
	pid = fork();
	if (pid == 0) {
		setenv("PATH_INFO", url, 1);
		setenv("QUERY_STRING", query != NULL ? query + 1 : "", 1);
		setenv("REQUEST_METHOD", method, 1);
		setenv("CONTENT_TYPE", type != NULL ? type : "", 1);
		setenv("CONTENT_LENGTH", length, 1);
		setenv("REMOTE_USER", "u", 1);
		setenv("GIT_HTTP_EXPORT_ALL", "1", 1);
		dup2(in, 0);
		dup2(out, 1);
		execlp("git", "git", "http-backend", NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	if (query != NULL)
		*query = '?';
	size = (size_t)lseek(out, 0, SEEK_END);
	buf_reserve(&answer, size + 1);
	answer.len = (size_t)pread(out, answer.at, size, 0);
	answer.at[answer.len] = '\0';
	close(in);
	close(out);
	free(type);
	free(length);
	return answer;
}

/* Puts the head of an answer of HTTP before that of a CGI program. */
static int
finish(struct buf *answer)
{
	char *status = strncmp(answer->at, "Status: ", 8) == 0
	    ? xstrndup(answer->at + 8, strcspn(answer->at + 8, "\r"))
	    : xstrdup("200 OK");
	char *end = strstr(answer->at, "\r\n\r\n");
	size_t body = end != NULL ? (size_t)(end + 4 - answer->at) : 0;
	struct buf whole = { 0 };
	int number = atoi(status);

	buf_addf(&whole,
	    "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %zu\r\n",
	    status, answer->len - body);
	buf_add(&whole, answer->at, answer->len);
	buf_release(answer);
	*answer = whole;
	free(status);
	return number;
}

static struct buf
refusal(int status)
{
	struct buf answer = { 0 };

	buf_addf(&answer,
	    "Status: %d Told to\r\n%s%sContent-Type: text/plain"
	    "\r\n\r\nthe server's words\n",
	    status, status == 401 ? "WWW-Authenticate: Basic\r\n" : "",
	    status / 100 == 3 ? "Location: /repos/else.git\r\n" : "");
	return answer;
}

static bool
is_allowed(const char *head)
{
	char *wanted = text_of("auth");
	char *full = xasprintf("Basic %s", wanted);
	char *got = header_of(head, "Authorization");
	bool good = *wanted == '\0' || (got != NULL && strcmp(got, full) == 0);

	free(wanted);
	free(full);
	free(got);
	return good;
}

static void
answer(int to)
{
	struct buf request = { 0 }, reply = { 0 };
	char method[8] = "", url[1024] = "", *fault;
	size_t body;
	int status = 0;
	FILE *log;

	if (!read_request(to, &request, &body) ||
	    sscanf(request.at, "%7s %1023s", method, url) != 2)
		return;
	fault = is_allowed(request.at) ? fault_of(method) : xstrdup("401");
	if (atoi(fault) > 0)
		reply = refusal(atoi(fault));
	else if (strcmp(fault, "close") != 0 && strcmp(fault, "silent") != 0)
		reply = serve(method, url, request.at, request.at + body,
		    request.len - body);
	if (strcmp(fault, "late") == 0) {
		buf_release(&reply);
		reply = refusal(502);
	}
	if (reply.len > 0)
		status = finish(&reply);
	if (strcmp(fault, "lost") == 0)
		reply.len = 0;
	else if (strcmp(fault, "cut") == 0)
		reply.len -= 20;
	log = fopen("log", "a");
	fprintf(log, "%s %s %d %s\n", method, url, status, fault);
	fclose(log);
	while (strcmp(fault, "silent") == 0 && read(to, url, 1) > 0)
		continue;
	if (send(to, reply.at, reply.len, MSG_NOSIGNAL) < 0)
		perror("send");
	free(fault);
	buf_release(&request);
	buf_release(&reply);
}

int
main(int argc, char *argv[])
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char port[16];

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (argc != 2 || chdir(argv[1]) != 0 ||
	    bind(listener, (struct sockaddr *)&at, len) != 0 ||
	    listen(listener, 16) != 0 ||
	    getsockname(listener, (struct sockaddr *)&at, &len) != 0)
		return 1;
	setenv("GIT_PROJECT_ROOT", argv[1], 1);
	(void)snprintf(port, sizeof port, "%d\n", ntohs(at.sin_port));
	jv_free(file_replace("port", port, strlen(port)));
	for (;;) {
		int one = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (one >= 0) {
			answer(one);
			close(one);
		}
	}
}
