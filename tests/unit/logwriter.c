/* SPDX-License-Identifier: MIT */
/* logwriter: what is written is what runlog reads. */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "record.h"
#include "wandb/logwriter.h"
#include "wandb/message.h"

static char folder[] = "/tmp/logwriter.XXXXXX";
static char path[64];
static struct logwriter *writer;

static int
begin(void **state)
{
	jv why;

	(void)state;
	(void)unlink(path);
	writer = logwriter_new(path, &why);
	assert_non_null(writer);
	jv_free(why);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	logwriter_free(writer);
	return unlink(path);
}

static void
put(size_t len)
{
	struct buf *message = logwriter_message(writer);

	for (size_t i = 0; i < len; i++)
		buf_addc(message, (char)('a' + (len + i) % 26));
	logwriter_add(writer, RUNLOG_OUTPUT_RAW);
}

static void
flush(void)
{
	jv why = logwriter_write(writer);

	assert_true(jv_is_valid(why));
	jv_free(why);
}

static struct runlog *
reader(void)
{
	jv why = jv_null();
	struct runlog *log = runlog_open(path, &why);
	struct runlog_entry entry;

	assert_non_null(log);
	jv_free(why);
	assert_int_equal(runlog_next(log, &entry), LEVELDB_RECORD);
	assert_int_equal(entry.kind, RUNLOG_HEADER);
	assert_int_equal(entry.num, 1);
	return log;
}

/* The vectors of the format: a header, and a whole chunk. */
static void
test_bytes(void **state)
{
	unsigned char bytes[32];
	int fd = open(path, O_RDONLY);

	(void)state;
	assert_int_equal(read(fd, bytes, sizeof bytes), sizeof bytes);
	(void)close(fd);
	assert_memory_equal(bytes, ":W&B\xe1\xbe\0", 7);
	assert_int_equal(bytes[13], 1);
	/* num 1, field 21 */
	assert_memory_equal(bytes + 14, "\x08\x01\xaa\x01", 4);
	assert_true(logwriter_wrote(path));
}

/* Whatever is left of a block. */
static void
test_blocks(void **state)
{
	struct runlog *log;
	struct runlog_entry entry;
	size_t sizes[400], count = 0;
	off_t left;

	(void)state;
	for (int rest = 0; rest < 40; rest++) {
		/* A record with num has 5 to 7 bytes beside its message. */
		left = LEVELDB_BLOCK -
		    (logwriter_size(writer) +
			(off_t)logwriter_waiting(writer)) %
			LEVELDB_BLOCK;
		sizes[count] = (size_t)left - 60 - (size_t)rest +
		    (left < 200 ? LEVELDB_BLOCK : 0);
		put(sizes[count++]);
		for (int i = 0; i < 4; i++) {
			sizes[count] = (size_t)(13 + rest % 5);
			put(sizes[count++]);
		}
		if (rest % 3 == 0)
			flush();
	}
	sizes[count] = 3 * LEVELDB_BLOCK;
	put(sizes[count++]);
	sizes[count] = 0;
	put(sizes[count++]);
	flush();
	log = reader();
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(runlog_next(log, &entry), LEVELDB_RECORD);
		assert_int_equal(entry.kind, RUNLOG_OUTPUT_RAW);
		assert_int_equal(entry.num, i + 2);
		assert_int_equal(entry.message.len, sizes[i]);
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(
			    entry.message.at[k], 'a' + (sizes[i] + k) % 26);
	}
	assert_int_equal(runlog_next(log, &entry), LEVELDB_END);
	assert_int_equal(entry.start, logwriter_size(writer));
	runlog_close(log);
}

static void
test_run(void **state)
{
	struct run_params params;
	struct tree *config = tree_new();
	struct span key = span_of("lr");
	struct runlog *log;
	struct runlog_entry entry;
	struct runlog_run run;
	struct runlog_items items;
	struct runlog_item item;
	struct wire tags = { 0 };
	struct span tag;

	(void)state;
	run_params_init(&params);
	params.run_id = xstrdup("id");
	params.project = xstrdup("p");
	params.display_name = xstrdup("Name");
	params.tags = jv_array_append(params.tags, jv_string("t"));
	assert_true(tree_put(config, &key, 1, span_of("{\"a\": NaN}")));
	logwriter_run(writer, &params, config, 1700000000.25, true);
	flush();
	log = reader();
	assert_int_equal(runlog_next(log, &entry), LEVELDB_RECORD);
	assert_true(runlog_run(entry.message, &run));
	assert_true(span_is(run.run_id, "id"));
	assert_int_equal(run.entity.len, 0);
	assert_true(span_is(run.project, "p"));
	assert_true(span_is(run.display_name, "Name"));
	assert_true(run.resume);
	assert_true(fabs(run.start_time - 1700000000.25) < 1e-6);
	assert_true(runlog_next_tag(run.message, &tags, &tag));
	assert_true(span_is(tag, "t"));
	runlog_items(&items, RUNLOG_CONFIG, run.config);
	assert_true(runlog_next_item(&items, &item));
	assert_true(span_is(item.path[0], "lr"));
	assert_true(span_is(item.json, "{\"a\": NaN}"));
	runlog_items_release(&items);
	runlog_close(log);
	tree_free(config);
	run_params_release(&params);
}

/* A record that was not written whole is cut off, and nothing else. */
static void
test_mend(void **state)
{
	struct runlog *log;
	struct runlog_entry entry;
	off_t whole, at;
	jv why;

	(void)state;
	put(100);
	flush();
	whole = logwriter_size(writer);
	put(40000);
	flush();
	for (at = logwriter_size(writer) - 1; at > whole; at -= 997) {
		assert_int_equal(truncate(path, at), 0);
		why = logwriter_mend(path);
		assert_true(jv_is_valid(why));
		jv_free(why);
		log = reader();
		assert_int_equal(runlog_next(log, &entry), LEVELDB_RECORD);
		assert_int_equal(runlog_next(log, &entry), LEVELDB_END);
		assert_int_equal(entry.start, whole);
		runlog_close(log);
	}
	why = logwriter_mend(path);
	assert_true(jv_is_valid(why));
	jv_free(why);
	assert_false(logwriter_wrote("/dev/null"));
}

/* A file that is there is not touched; a full disk is said. */
static void
test_errors(void **state)
{
	jv why;

	(void)state;
	assert_null(logwriter_new(path, &why));
	assert_string_equal(error_code(why), "io");
	jv_free(why);
}

/* What does not fit is not there in part, and what comes later is whole. */
static void
test_full(void **state)
{
	struct rlimit before, limit;
	struct runlog_entry entry;
	struct runlog *log;
	off_t whole;
	jv why;

	(void)state;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	put(100);
	flush();
	whole = logwriter_size(writer);
	limit = before;
	limit.rlim_cur = (rlim_t)whole + 500;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	put(200);
	put(400);
	why = logwriter_write(writer);
	assert_string_equal(error_code(why), "io");
	jv_free(why);
	assert_int_equal(logwriter_size(writer), whole);
	assert_int_equal(logwriter_waiting(writer), 0);
	put(300);
	flush();
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	log = reader();
	for (int64_t num = 2; num <= 3; num++) {
		assert_int_equal(runlog_next(log, &entry), LEVELDB_RECORD);
		assert_int_equal(entry.num, num);
	}
	assert_int_equal(runlog_next(log, &entry), LEVELDB_END);
	runlog_close(log);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bytes, begin, end),
		cmocka_unit_test_setup_teardown(test_blocks, begin, end),
		cmocka_unit_test_setup_teardown(test_run, begin, end),
		cmocka_unit_test_setup_teardown(test_mend, begin, end),
		cmocka_unit_test_setup_teardown(test_errors, begin, end),
		cmocka_unit_test_setup_teardown(test_full, begin, end),
	};
	int failed;

	if (mkdtemp(folder) == NULL)
		return 1;
	(void)snprintf(path, sizeof path, "%s/file", folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return rmdir(folder) < 0 ? 1 : failed;
}
