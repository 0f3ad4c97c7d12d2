/* SPDX-License-Identifier: MIT */
/*
 * metrics/statsd - series to Datadog's Agent, as DogStatsD datagrams
 *
 * The socket is connected, so that the kernel tells of a port where nobody
 * listens: on this machine at once, from another one with the next datagram.
 */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli.h"
#include "config.h"
#include "json.h"
#include "mem.h"
#include "metrics/statsd.h"
#include "record.h"

enum {
	NETWORK_MOST = 1432, /* bytes of a datagram */
	LOCAL_MOST = 8192,
};

struct statsd {
	char *host; /* or the path of a socket */
	char *port; /* NULL: it is a path */
	size_t most;
	int fd; /* -1: not connected */
	struct buf datagram;
};

/* ---- where to ---- */

static char *
address_of_environment(void)
{
	const char *url = config_env("DD_DOGSTATSD_URL");
	const char *host = config_env("DD_AGENT_HOST");
	const char *port = config_env("DD_DOGSTATSD_PORT");

	if (url != NULL)
		return xstrdup(url);
	host = host != NULL ? host : "127.0.0.1";
	port = port != NULL ? port : "8125";
	return xasprintf(
	    strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s", host, port);
}

/* HOST, HOST:PORT or [HOST]:PORT. False if it is none. */
static bool
read_host(struct statsd *statsd, const char *text)
{
	bool bracket = *text == '[';
	size_t len = strcspn(text += bracket, bracket ? "]" : ":");
	const char *rest = text + len;

	if (len == 0 || (bracket && *rest++ != ']'))
		return false;
	if (*rest == ':')
		rest++;
	else if (*rest != '\0')
		return false;
	else
		rest = "8125";
	statsd->host = xstrndup(text, len);
	statsd->port = xstrdup(rest);
	return *rest != '\0' && rest[strspn(rest, "0123456789")] == '\0' &&
	    strtol(rest, NULL, 10) >= 1 && strtol(rest, NULL, 10) <= 65535;
}

struct statsd *
statsd_open(const char *address)
{
	struct statsd *statsd = xcalloc(1, sizeof *statsd);
	char *text =
	    address != NULL ? xstrdup(address) : address_of_environment();
	struct sockaddr_un local;

	statsd->fd = -1;
	statsd->most = NETWORK_MOST;
	if (strncmp(text, "unix://", 7) == 0) {
		statsd->host = xstrdup(text + 7);
		statsd->most = LOCAL_MOST;
		if (*statsd->host != '/' ||
		    strlen(statsd->host) >= sizeof local.sun_path)
			cli_wrong("--statsd: %s: no path of a socket", text);
	} else if (!read_host(statsd,
		       strncmp(text, "udp://", 6) == 0 ? text + 6 : text)) {
		cli_wrong(
		    "--statsd: %s: neither HOST:PORT nor unix:///PATH", text);
	}
	free(text);
	return statsd;
}

void
statsd_close(struct statsd *statsd)
{
	if (statsd->fd >= 0)
		close(statsd->fd);
	buf_release(&statsd->datagram);
	free(statsd->host);
	free(statsd->port);
	free(statsd);
}

/* ---- a line ---- */

static void
add_tags(struct buf *out, jv tags)
{
	for (int i = 0; i < jv_array_length(jv_copy(tags)); i++) {
		jv tag = jv_array_get(jv_copy(tags), i);

		buf_adds(out, i == 0 ? "|#" : ",");
		buf_adds(out, jv_string_value(tag));
		jv_free(tag);
	}
}

jv
statsd_line(const struct statsd *statsd, jv series)
{
	struct buf out = { 0 };
	long long type = record_int(series, "type", 0);
	jv point = jv_array_get(record_get(series, "points"), 0);
	jv tags = record_get(series, "tags");
	jv value = record_get(point, "value"), line;

	buf_adds(&out, record_str(series, "metric"));
	buf_addc(&out, ':');
	json_number(&out, jv_number_value(value));
	buf_adds(&out, type == 1 ? "|c" : "|g");
	add_tags(&out, tags);
	buf_addf(&out, "|T%lld", record_int(point, "timestamp", 0));
	if (type == 2)
		line = error_value("input", "DogStatsD knows no rates");
	else if (out.len > statsd->most)
		line = error_value("input",
		    "it has %zu bytes, and a datagram %zu at most", out.len,
		    statsd->most);
	else
		line = jv_string_sized(out.at, (int)out.len);
	jv_free(value);
	jv_free(tags);
	jv_free(point);
	buf_release(&out);
	return line;
}

/* ---- sending ---- */

/* What went wrong with the socket, by errno. */
static jv
socket_error(const struct statsd *statsd, int number)
{
	return error_value(number == ETIMEDOUT ? "timeout" : "unavailable",
	    "DogStatsD at %s%s%s: %s", statsd->host,
	    statsd->port != NULL ? ":" : "",
	    statsd->port != NULL ? statsd->port : "", strerror(number));
}

static jv
connect_to(struct statsd *statsd, const struct sockaddr *address, socklen_t len)
{
	int number;

	statsd->fd = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (statsd->fd >= 0 && connect(statsd->fd, address, len) == 0)
		return jv_null();
	number = errno;
	if (statsd->fd >= 0)
		close(statsd->fd);
	statsd->fd = -1;
	return socket_error(statsd, number);
}

/* jv_null() when it is connected, or why not. */
static jv
connect_once(struct statsd *statsd)
{
	struct addrinfo hints = { .ai_family = AF_INET,
		.ai_socktype = SOCK_DGRAM };
	struct addrinfo *list;
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	jv verdict = jv_null();
	int rc;

	if (statsd->fd >= 0)
		return verdict;
	if (statsd->port == NULL) {
		memcpy(local.sun_path, statsd->host, strlen(statsd->host));
		return connect_to(
		    statsd, (struct sockaddr *)&local, sizeof local);
	}
	/* The Agent listens on 127.0.0.1, which localhost need not be first. */
	rc = getaddrinfo(statsd->host, statsd->port, &hints, &list);
	if (rc != 0) {
		hints.ai_family = AF_UNSPEC;
		rc = getaddrinfo(statsd->host, statsd->port, &hints, &list);
	}
	if (rc != 0)
		return error_value("unavailable", "DogStatsD at %s:%s: %s",
		    statsd->host, statsd->port, gai_strerror(rc));
	for (struct addrinfo *one = list; one != NULL; one = one->ai_next) {
		jv_free(verdict);
		verdict = connect_to(statsd, one->ai_addr, one->ai_addrlen);
		if (jv_is_valid(verdict))
			break;
	}
	freeaddrinfo(list);
	return verdict;
}

/* Waits while the receiver of a local socket is behind. */
static int
wait_for_room(int fd, const struct deadline *end)
{
	struct pollfd out = { .fd = fd, .events = POLLOUT };
	double left = deadline_left(end);

	if (poll(&out, 1, left < 1e6 ? (int)(left * 1000) : -1) == 0)
		return ETIMEDOUT;
	return 0;
}

/* Sends the datagram: 0, or errno. */
static int
send_datagram(struct statsd *statsd, const struct deadline *end)
{
	const struct buf *datagram = &statsd->datagram;
	int number = 0;
	socklen_t len = sizeof number;

	while (send(statsd->fd, datagram->at, datagram->len,
		   MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		number = errno;
		if (number == EAGAIN)
			number = wait_for_room(statsd->fd, end);
		else if (number == EINTR)
			number = 0;
		if (number != 0)
			return number;
	}
	/* Refused, if that is known by now. */
	if (getsockopt(statsd->fd, SOL_SOCKET, SO_ERROR, &number, &len) != 0)
		return errno;
	return number;
}

/* How many of the items go into the next datagram, which is filled. */
static size_t
fill(struct statsd *statsd, const struct outbox_item *items, size_t count)
{
	size_t taken = 0;

	buf_clear(&statsd->datagram);
	for (; taken < count; taken++) {
		size_t len = statsd->datagram.len + (taken > 0);

		if (len + items[taken].len > statsd->most)
			break;
		if (taken > 0)
			buf_addc(&statsd->datagram, '\n');
		buf_add(&statsd->datagram, items[taken].text, items[taken].len);
	}
	return taken;
}

void
statsd_send(struct statsd *statsd, struct outbox_item *items, size_t count,
    const struct deadline *end)
{
	while (count > 0) {
		size_t taken = fill(statsd, items, count);
		jv verdict = connect_once(statsd);
		int number;

		if (!jv_is_valid(verdict)) {
			taken = count; /* each try may wait for a resolver */
		} else {
			number = send_datagram(statsd, end);
			if (number != 0) {
				jv_free(verdict);
				verdict = socket_error(statsd, number);
				close(statsd->fd);
				statsd->fd = -1;
			}
		}
		for (size_t i = 0; i < taken; i++)
			items[i].verdict = jv_copy(verdict);
		jv_free(verdict);
		items += taken;
		count -= taken;
	}
}
