/* SPDX-License-Identifier: MIT */
/*
 * follow - a file that is still being written
 */
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "diag.h"
#include "record.h"
#include "wandb/follow.h"
#include "wandb/writer.h"

#define LOOK 0.5 /* seconds between two looks at the file */

void
follow_begin(struct job *job)
{
	struct follow *follow = &job->follow;
	struct stat st;

	follow->size = job->size;
	follow->grown = clock_now();
	follow->posted = -INFINITY;
	follow->news = true;
	if (fstat(runlog_fd(job->log), &st) == 0)
		follow->grown = fmin(follow->grown, (double)st.st_mtime);
}

static bool
has_grown(struct job *job)
{
	struct follow *follow = &job->follow;
	struct stat st;

	if (fstat(runlog_fd(job->log), &st) < 0 || st.st_size == follow->size)
		return false;
	follow->size = st.st_size;
	follow->grown = clock_now();
	return true;
}

/* Posts what is not on the server; with nothing, that the run goes on. */
static jv
post(struct job *job, bool preempting)
{
	struct stream_end end = { .preempting = preempting,
		.uploaded = jv_array() };
	struct buf summary = { 0 };
	bool stopped = stream_stopped(job->stream);
	jv error = job_upsert(job);

	if (jv_is_valid(error)) {
		jv_free(error);
		replay_show(&job->replay);
		replay_summary(&job->replay, &summary);
		if (summary.len <= STREAM_MOST &&
		    (summary.len != job->summary.len ||
			memcmp(summary.at, job->summary.at, summary.len) != 0))
			end.summary = (struct span){ summary.at, summary.len };
		error = stream_finish(job->stream, job->stream_url, &end);
	}
	if (jv_is_valid(error)) {
		buf_release(&job->summary);
		job->summary = summary;
		job->preempted = job->preempted || preempting;
	} else {
		buf_release(&summary);
	}
	jv_free(end.uploaded);
	if (!stopped && stream_stopped(job->stream))
		warning("%s: somebody asked on %s for the run to stop; its "
			"program does not know, and goes on",
		    job->path, job->url);
	return error;
}

/* Posts if it is time for it. False if that failed. */
static bool
keep_up(struct job *job)
{
	struct follow *follow = &job->follow;
	struct replay *replay = &job->replay;
	bool preempting = replay->preempting && !job->preempted;
	double since = clock_ticks() - follow->posted;

	if (job->stream == NULL ||
	    (since < (follow->news ? FOLLOW_INTERVAL : FOLLOW_SILENCE) &&
		!preempting))
		return true;
	jv_free(replay->error);
	replay->error = post(job, preempting);
	follow->posted = clock_ticks();
	follow->news = false;
	return jv_is_valid(replay->error);
}

/* Whether nobody writes it any more. */
static bool
is_given_up(struct job *job)
{
	struct follow *follow = &job->follow;
	double quiet = clock_now() - follow->grown;

	/* The look at all processes may be a long one. */
	if (quiet < FOLLOW_PATIENCE ||
	    clock_ticks() - follow->looked < 10 * LOOK)
		return false;
	follow->looked = clock_ticks();
	if (writer_is_alive(runlog_fd(job->log)))
		return false;
	return !has_grown(job);
}

bool
follow_on(struct job *job)
{
	struct replay *replay = &job->replay;

	for (;;) {
		if (replay->exited) {
			warning("%s: the run has ended, with exit code %d",
			    job->path, replay->exit_code);
			return false;
		}
		if (!keep_up(job))
			return false;
		if (is_given_up(job)) {
			warning("%s: the run has no end, but no process has "
				"the file open, and it has not grown for %d s",
			    job->path, FOLLOW_PATIENCE);
			return false;
		}
		if (!deadline_sleep(&job->deadline, LOOK)) {
			jv_free(replay->error);
			replay->error =
			    error_value("timeout", "the run goes on");
			return false;
		}
		if (has_grown(job) || job->follow.size != job->size) {
			job->follow.news = true;
			return true;
		}
	}
}
