/* SPDX-License-Identifier: MIT */
/*
 * sandbox/wandb_parts - what the parts of the sandbox's W&B half share
 *
 *	wandb.c            routes, keys, the rest of --load, the schema's roots
 *	wandb_load.c       runs of --load
 *	wandb_node.c       rows as objects, ids, violations, settings
 *	wandb_run.c        UpsertBucket and what else is done to a run
 *	wandb_query.c      projects and runs: what is asked of them
 *	wandb_filter.c     which runs a filter means
 *	wandb_history.c    rows, events, console lines as answers
 *	wandb_stream.c     file_stream
 *	wandb_file.c       objects in the storage, run files
 *	wandb_artifact.c   how artifacts come to be
 *	wandb_commit.c     whether they are whole
 *	wandb_artifacts.c  what is asked of them
 *	wandb_state.c      /sandbox/state and /sandbox/runs
 *
 * A node is a libjq object with the columns of a row: what GraphQL calls by
 * the same name, and names that begin with '_', which are ours.
 */
#ifndef SANDBOX_WANDB_PARTS_H
#define SANDBOX_WANDB_PARTS_H

#include "sandbox/graphql.h"
#include "sandbox/server.h"

/* Lines of a run, by file; the number is what the store keeps. */
enum wb_lines { WB_HISTORY, WB_EVENTS, WB_CONSOLE };

enum { WB_CRASHED_AFTER = 300 }; /* seconds without a heartbeat */

/* ---- wandb_node.c ---- */

/*
 * The row as a node. Numbers in columns whose name ends in At become RFC 3339
 * times; a name that ends in '*' (which is cut) means JSON text.
 */
jv wb_node(sqlite3_stmt *row);

/* The first row as a node, or null; puts the statement to rest. */
jv wb_node_of(sqlite3_stmt *row);

/* All rows as an array of nodes. */
jv wb_nodes_of(sqlite3_stmt *row);

/* The request that is being answered. */
struct request *wb_request(const struct gql *gql);
struct store *wb_store(const struct gql *gql);

/* "kind:rest" in base64, as W&B's ids are; the caller's to free. */
char *wb_id(const char *kind, const char *format, ...) DIAG_PRINTF(2, 3);

/* Fields of a node; what is missing is 0 or NULL. */
long long wb_number(jv node, const char *field);
const char *wb_text(jv node, const char *field); /* borrowed */

/* What --load set, or otherwise; the caller's to free. */
char *wb_setting(struct store *store, const char *name, const char *otherwise);
void wb_set(struct store *store, const char *name, const char *value);

/* The number of a project; 0 if there is none. create: makes it. */
long long wb_project(
    struct store *store, const char *entity, const char *project, bool create);

/* The client broke the protocol; it is noted with the run (0: no run). */
void wb_violation(struct request *request, long long run, const char *format,
    ...) DIAG_PRINTF(3, 4);

/*
 * A page of an array of nodes, which is consumed, as a connection: edges with
 * node and cursor, pageInfo, totalCount. args: first, after; at most 1,000.
 */
jv wb_page(jv nodes, jv args, int otherwise);

/* ---- wandb_run.c ---- */

enum wb_found { WB_MISSING, WB_DELETED, WB_FOUND };

/* The number of a run. An empty entity is the default one. */
enum wb_found wb_run(struct store *store, const char *entity,
    const char *project, const char *name, long long *run);

/* A new run; its number. An empty entity or name: one is found for it. */
long long wb_insert_run(struct store *store, const char *entity,
    const char *project, const char *name);

/* Sets what input, UpsertBucket's, names. Borrows it. */
void wb_update_run(struct store *store, long long run, jv input);

/* The run's node; null without it. */
jv wb_run_node(struct store *store, long long run);

/* Created from then on (seconds since 1970), or running if that is set. */
struct wb_bounds {
	double from;
	bool running;
};

/*
 * Rows for a project's runs within bounds, in the order of their creation,
 * from behind one of them (0: from the first). wb_run_of() makes a node of a
 * row.
 */
sqlite3_stmt *wb_runs_from(struct store *store, long long project,
    const struct wb_bounds *bounds, long long after, bool newest_first);
jv wb_run_of(sqlite3_stmt *row);

/*
 * ENTITY/PROJECT/RUN/REST: the number of the run, and in rest (the caller's to
 * free) what follows. Consider rest only if it is found.
 */
enum wb_found wb_run_at(
    struct store *store, const char *path, long long *run, char **rest);

/* ---- wandb_load.c ---- */

/* Takes runs of a script, which is consumed: jv_null(), or an error_value(). */
jv wb_load_runs(struct store *store, jv runs);

/* ---- wandb_filter.c ---- */

/* What all runs that match are within. Borrows filter. */
void wb_bounds(jv filter, struct wb_bounds *bounds);

/* Whether a run matches a filter; -1 if that is none. Borrows both. */
int wb_matches(struct store *store, jv filter, jv node);

/* A run's value by its name in filters and orders; invalid without it. */
jv wb_run_value(struct store *store, jv node, const char *key);

/*
 * JSON text, with NaN and the infinities as strings; null if it is none, and a
 * string of it all if it is nested deeper than libjq reads.
 */
jv wb_parsed(const char *text);

/* ---- wandb_history.c ---- */

/* "[ERROR ]STAMP CONTENT" into two; false without a stamp. */
bool wb_console_split(
    struct span line, struct span *stamp, struct span *content);

/* ---- wandb_file.c ---- */

/*
 * A new place in the storage; name is shown in its URL. md5 (base64) is what
 * must be put there and is demanded as a header too; NULL: anything.
 */
long long wb_object(struct store *store, const char *name, const char *md5);

/* Its signed URL; null if nothing was put there and put is false. */
jv wb_object_url(struct request *request, long long object, bool put);

/* The headers that a PUT must carry, as a list of "Name: value". */
jv wb_object_headers(struct store *store, long long object);

/* Something that was put there, whose digest is md5; 0 without. */
long long wb_object_with(struct store *store, const char *md5);

/* Appends what was put there, up to most bytes; false if nothing was. */
bool wb_object_read(
    struct store *store, long long object, size_t most, struct buf *out);

/* Puts bytes there for a client (multipart: its parts together). */
void wb_object_put(struct store *store, long long object, struct span bytes);

/* ---- wandb_artifact.c ---- */

enum { WB_ARTIFACT_BYTES = 256 << 20 }; /* that are looked at */

void wb_make_artifact_tables(struct store *store);

/* Whether artifacts may have other digests than MD5 (--load, features). */
bool wb_has_algorithms(struct store *store);

/* 0, with an error in gql, if there is none. */
long long wb_artifact_by_id(struct gql *gql, const char *id);

/* {name: value}; consumes value. */
jv wb_payload(const char *name, jv value);

/*
 * Where content with that MD5 was put with an artifact of the same project,
 * and with which one first; 0 without. Projects share nothing.
 */
long long wb_artifact_object(
    struct store *store, long long artifact, const char *md5, long long *birth);

/* ---- wandb_commit.c ---- */

/* What a version's manifest lists: an object; invalid if it was not put. */
jv wb_artifact_contents(struct store *store, long long artifact);

/* ---- wandb_artifacts.c ---- */

jv wb_artifact_node(struct store *store, long long artifact);

/* A run's artifacts as /sandbox/state shows them. */
jv wb_artifact_state(struct store *store, long long run);

/* ---- the functions of routes ---- */

bool wb_authorized(struct request *request); /* false: 401 was replied */
void wb_answer_stream(struct request *request);
void wb_answer_put(struct request *request);
void wb_answer_get(struct request *request);
void wb_answer_download(struct request *request);
void wb_answer_artifact(struct request *request);
void wb_answer_view(struct request *request);
jv wb_state(struct store *store, jv state);

/* ---- types, and what mutations do ---- */

extern const struct gql_type wb_page_info, wb_project_node_type, wb_run_type,
    wb_artifact_type, wb_run_connection, wb_file_connection,
    wb_artifact_connection, wb_artifact_type_type, wb_artifact_type_connection,
    wb_collection_type, wb_collection_connection, wb_membership_type,
    wb_entity_type, wb_user_type, wb_manifest_type, wb_created_files_type,
    wb_client_id_type;

/* Resolve functions, by the field they are for. */
#define WB_RESOLVE(name) jv name(struct gql *gql, jv self, jv args)

WB_RESOLVE(wb_upsert_bucket);
WB_RESOLVE(wb_upsert_model);
WB_RESOLVE(wb_rewind_run);
WB_RESOLVE(wb_delete_run);
WB_RESOLVE(wb_stop_run);
WB_RESOLVE(wb_update_run_state);
WB_RESOLVE(wb_alert);

WB_RESOLVE(wb_query_viewer);
WB_RESOLVE(wb_query_entity);
WB_RESOLVE(wb_query_project);

WB_RESOLVE(wb_run_history);
WB_RESOLVE(wb_run_sampled);
WB_RESOLVE(wb_run_events);
WB_RESOLVE(wb_run_parquet);
WB_RESOLVE(wb_run_keys);
WB_RESOLVE(wb_run_log_lines);
WB_RESOLVE(wb_run_tail);
WB_RESOLVE(wb_run_events_tail);
WB_RESOLVE(wb_run_system);

WB_RESOLVE(wb_create_run_files);
WB_RESOLVE(wb_mark_uploaded);
WB_RESOLVE(wb_delete_files);
WB_RESOLVE(wb_run_files);
WB_RESOLVE(wb_run_file_count);

WB_RESOLVE(wb_create_artifact);
WB_RESOLVE(wb_create_manifest);
WB_RESOLVE(wb_update_manifest);
WB_RESOLVE(wb_create_artifact_files);
WB_RESOLVE(wb_complete_multipart);
WB_RESOLVE(wb_commit_artifact);
WB_RESOLVE(wb_use_artifact);
WB_RESOLVE(wb_link_artifact);
WB_RESOLVE(wb_add_aliases);
WB_RESOLVE(wb_delete_aliases);
WB_RESOLVE(wb_update_artifact);
WB_RESOLVE(wb_delete_artifact);
WB_RESOLVE(wb_query_artifact);
WB_RESOLVE(wb_query_client_id);
WB_RESOLVE(wb_run_outputs);
WB_RESOLVE(wb_run_inputs);
WB_RESOLVE(wb_project_artifact);
WB_RESOLVE(wb_project_membership);
WB_RESOLVE(wb_project_type);
WB_RESOLVE(wb_project_types);
WB_RESOLVE(wb_project_collection);
WB_RESOLVE(wb_project_collections);

#endif
