/* SPDX-License-Identifier: MIT */
/*
 * clientids - references to artifacts that had no id yet when they were logged
 */
#include <stdlib.h>
#include <string.h>

#include <nettle/base64.h>

#include "record.h"
#include "wandb/clientids.h"

static const char scheme[] = "wandb-client-artifact://";

const char clientids_query[] =
    "query ClientIDMapping($clientID: ID!) {"
    " clientIDMapping(clientID: $clientID) { serverID } }";

void
clientids_init(
    struct clientids *ids, struct wandb *wandb, const struct deadline *deadline)
{
	*ids = (struct clientids){ wandb, deadline, jv_object() };
}

void
clientids_release(struct clientids *ids)
{
	jv_free(ids->known);
}

void
clientids_learn(struct clientids *ids, struct span client_id, const char *id)
{
	ids->known = jv_object_set(ids->known,
	    jv_string_sized(client_id.at, (int)client_id.len), jv_string(id));
}

/* The server's id: a string, or an error_value(). */
static jv
ask(struct clientids *ids, struct span client_id)
{
	jv key = jv_string_sized(client_id.at, (int)client_id.len);
	jv id = jv_object_get(jv_copy(ids->known), jv_copy(key)), data, mapping;

	if (jv_get_kind(id) == JV_KIND_STRING) {
		jv_free(key);
		return id;
	}
	jv_free(id);
	data = wandb_ask(ids->wandb, "ClientIDMapping", clientids_query,
	    jv_object_set(jv_object(), jv_string("clientID"), jv_copy(key)),
	    true, ids->deadline);
	if (!jv_is_valid(data)) {
		jv_free(key);
		return data;
	}
	mapping = record_get(data, "clientIDMapping");
	id = record_get(mapping, "serverID");
	jv_free(mapping);
	jv_free(data);
	if (jv_get_kind(id) != JV_KIND_STRING) {
		jv_free(id);
		id = error_value("not_found",
		    "an artifact that it refers to (client id %.12s...) is "
		    "not on the server",
		    jv_string_value(key));
	} else {
		clientids_learn(ids, client_id, jv_string_value(id));
	}
	jv_free(key);
	return id;
}

/* The bytes behind the base64 of an id, in hex; false if it is none. */
static bool
add_hex(struct buf *out, jv id)
{
	const char *text = jv_string_value(id);
	size_t len = strlen(text), got = BASE64_DECODE_LENGTH(len);
	uint8_t *bytes = xcalloc(1, got + 1);
	struct base64_decode_ctx ctx;
	bool good;

	base64_decode_init(&ctx);
	good = base64_decode_update(&ctx, &got, bytes, len, text) &&
	    base64_decode_final(&ctx);
	for (size_t i = 0; good && i < got; i++)
		buf_addf(out, "%02x", bytes[i]);
	free(bytes);
	return good;
}

jv
clientids_resolve(struct clientids *ids, struct span ref, struct buf *out)
{
	size_t len = sizeof scheme - 1;
	struct span client_id;
	const char *slash;
	jv id;

	if (ref.len <= len || memcmp(ref.at, scheme, len) != 0) {
		buf_add(out, ref.at, ref.len);
		return jv_null();
	}
	slash = memchr(ref.at + len, '/', ref.len - len);
	client_id = (struct span){ ref.at + len,
		slash != NULL ? (size_t)(slash - ref.at) - len
			      : ref.len - len };
	id = ask(ids, client_id);
	if (!jv_is_valid(id))
		return id;
	buf_adds(out, "wandb-artifact://");
	if (!add_hex(out, id)) {
		jv_free(id);
		return error_value(
		    "unavailable", "ClientIDMapping: the id is no base64");
	}
	buf_addc(out, '/');
	if (slash != NULL)
		buf_add(out, slash + 1, ref.len - (size_t)(slash + 1 - ref.at));
	jv_free(id);
	return jv_null();
}
