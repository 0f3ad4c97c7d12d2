/* SPDX-License-Identifier: MIT */
/*
 * sandbox/graphql - answers GraphQL requests from tables of types
 *
 * A type is a table of fields. A field without a function is the member of its
 * name in the object, so most tables are lists of names; a function is needed
 * only for what is looked up, takes arguments or acts. Functions return plain
 * libjq values, and what of them is asked for is picked here: aliases,
 * fragments, variables and their defaults, @include and @skip, __typename.
 *
 * As the real server does, a request is checked whole before anything is done:
 * a field or an argument that a type does not have, a selection where there
 * is nothing to select, an unknown variable are refused with status 400.
 *
 * Left out: subscriptions, introspection, several operations in one document
 * (the first is done), unions other than by "__typename" in an object.
 */
#ifndef SANDBOX_GRAPHQL_H
#define SANDBOX_GRAPHQL_H

#include <jv.h>

#include "diag.h"
#include "mem.h"

struct gql; /* a request that is being answered */

struct gql_field {
	const char *name;
	/*
	 * What it takes, in words: "name! keys+ entityName". '!': must be given
	 * and a string; '+': must be given. "input+(id name!)": an object, and
	 * what it may hold. NULL: it takes nothing.
	 */
	const char *args;
	/* What it is, or a list of it; NULL: a scalar, &gql_json: see there */
	const struct gql_type *type;
	/* NULL: self[name]. Borrows self and args (an object). */
	jv (*resolve)(struct gql *gql, jv self, jv args);
};

struct gql_type {
	const char *name;
	const char
	    *also; /* in words: other names fragments may go by; or NULL */
	const struct gql_field *fields; /* ends with a name of NULL */
};

/* A scalar given as a string of JSON text, which is passed on as it is. */
extern const struct gql_type gql_json;

/* What a query and a mutation may begin with. */
struct gql_schema {
	const struct gql_type *query;
	const struct gql_type *mutation;
	/* Fields it does not have, as an older server: ["Type.field"]. */
	jv lacks;
};

/*
 * Does what a request's text asks for, and appends the answer, an object with
 * "data", "errors" or both, to out. Returns its HTTP status. variables is
 * borrowed and may be anything.
 */
int gql_answer(const struct gql_schema *schema, void *context, struct span text,
    jv variables, struct buf *out);

/*
 * The operation's name: behind query or mutation, else its first field, else
 * "". The caller's to free.
 */
char *gql_name(struct span text);

/* ---- for resolve functions ---- */

/* What gql_answer() was given. */
void *gql_context(const struct gql *gql);

/*
 * Refuses: the field becomes null, the message goes to "errors", and the answer
 * has this status unless one was set before. Returns null.
 */
jv gql_refuse(struct gql *gql, int status, const char *format, ...)
    DIAG_PRINTF(3, 4);

#endif
