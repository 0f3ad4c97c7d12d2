/* SPDX-License-Identifier: MIT */
/*
 * replies - a server for one test, which says what it is told to say
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
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

#include "digest.h"
#include "mem.h"
#include "replies.h"

enum { CONNECTIONS_MOST = 64 };

struct connection {
	int fd; /* -1: free */
	struct buf in;
	const struct reply *due; /* behind its gate */
};

static struct connection connections[CONNECTIONS_MOST];

static void
check(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	_exit(1);
}

static void
drop(struct connection *connection, bool reset)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	if (reset)
		setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &linger,
		    sizeof linger);
	close(connection->fd);
	connection->fd = -1;
	connection->due = NULL;
	buf_release(&connection->in);
}

static void
answer(struct connection *connection)
{
	const struct reply *reply = connection->due;
	size_t len = reply->len > 0 ? reply->len : strlen(reply->text);

	connection->due = NULL;
	/* Who is no longer there need not be answered. */
	if (len > 0 && send(connection->fd, reply->text, len, MSG_NOSIGNAL) < 0)
		drop(connection, false);
	else if (reply->end != REPLY_KEEP)
		drop(connection, reply->end == REPLY_RESET);
}

/* Notes the request at the beginning of in, which is len bytes long. */
static void
note(struct server *server, const struct buf *in, size_t head, size_t len)
{
	struct asked *asked = &server->asked[server->requests];
	struct md5_ctx md5;

	check(server->requests < ASKED_MOST, "too many requests");
	(void)snprintf(
	    asked->head, sizeof asked->head, "%.*s", (int)head, in->at);
	asked->body_size = len - head;
	(void)snprintf(asked->body, sizeof asked->body, "%.*s",
	    (int)(len - head < 60 ? len - head : 60), in->at + head);
	md5_init(&md5);
	md5_update(&md5, len - head, (const uint8_t *)in->at + head);
	digest_md5_text(&md5, asked->md5);
	server->requests++;
}

/* The bytes of the request in in, 0 while there are too few to answer it. */
static size_t
enough(const struct buf *in, size_t after, size_t *head)
{
	const char *end = strstr(in->at, "\r\n\r\n");
	const char *length;
	size_t body = 0;

	if (end == NULL)
		return 0;
	*head = (size_t)(end - in->at) + 4;
	length = strcasestr(in->at, "\r\nContent-Length:");
	if (length != NULL && length < end)
		body = strtoul(length + 17, NULL, 10);
	if (after > 0)
		body = after;
	return in->len >= *head + body ? *head + body : 0;
}

static void
receive(struct server *server, struct connection *connection,
    const struct reply *replies, size_t count)
{
	char bytes[65536];
	ssize_t got = read(connection->fd, bytes, sizeof bytes);
	size_t next = (size_t)server->requests;
	const struct reply *reply = &replies[next < count ? next : count - 1];
	size_t head, len;

	if (got <= 0) {
		drop(connection, false);
		return;
	}
	buf_add(&connection->in, bytes, (size_t)got);
	len = enough(&connection->in, reply->after, &head);
	if (len == 0)
		return;
	note(server, &connection->in, head, len);
	buf_clear(&connection->in);
	connection->due = reply;
}

static void
admit(struct server *server, int listener)
{
	int fd = accept(listener, NULL, NULL);

	check(fd >= 0, "accept");
	for (size_t i = 0; i < CONNECTIONS_MOST; i++) {
		if (connections[i].fd < 0) {
			connections[i].fd = fd;
			server->connections++;
			return;
		}
	}
	check(false, "too many connections");
}

_Noreturn static void
serve(struct server *server, int listener, const struct reply *replies,
    size_t count)
{
	struct pollfd fds[CONNECTIONS_MOST + 1];

	/* A test that fails does not stop it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; i < CONNECTIONS_MOST; i++)
		connections[i] = (struct connection){ .fd = -1 };
	for (;;) {
		for (size_t i = 0; i < CONNECTIONS_MOST; i++)
			fds[i] = (struct pollfd){ .fd = connections[i].fd,
				.events = POLLIN };
		fds[CONNECTIONS_MOST] =
		    (struct pollfd){ .fd = listener, .events = POLLIN };
		check(poll(fds, CONNECTIONS_MOST + 1, -1) > 0, "poll");
		for (size_t i = 0; i < CONNECTIONS_MOST; i++)
			if (fds[i].revents != 0)
				receive(
				    server, &connections[i], replies, count);
		for (size_t i = 0; i < CONNECTIONS_MOST; i++)
			if (connections[i].due != NULL &&
			    connections[i].due->gate <= server->requests)
				answer(&connections[i]);
		if (fds[CONNECTIONS_MOST].revents != 0)
			admit(server, listener);
	}
}

struct server *
server_start(const struct reply *replies, size_t count)
{
	struct server *server = mmap(NULL, sizeof *server,
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof address;
	pid_t pid;

	check(server != MAP_FAILED, "mmap");
	check(bind(listener, (struct sockaddr *)&address, len) == 0 &&
		listen(listener, 64) == 0 &&
		getsockname(listener, (struct sockaddr *)&address, &len) == 0,
	    "listen");
	server->port = ntohs(address.sin_port);
	pid = fork();
	check(pid >= 0, "fork");
	if (pid == 0)
		serve(server, listener, replies, count);
	server->pid = pid; /* by the parent only: they share it */
	close(listener);
	return server;
}

void
server_stop(struct server *server)
{
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	munmap(server, sizeof *server);
}
