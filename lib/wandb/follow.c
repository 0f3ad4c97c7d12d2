/* SPDX-License-Identifier: MIT */
/*
 * follow - a file that is still being written
 */
#include <math.h>
#include <string.h>

#include "diag.h"
#include "record.h"
#include "wandb/follow.h"

void
follow_begin(struct job *job)
{
	struct follow *follow = &job->follow;

	writer_watch(&follow->watch, runlog_fd(job->log), job->size);
	follow->posted = -INFINITY;
	follow->news = true;
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
	if (!stopped && stream_stopped(job->stream) &&
	    job->options->feed == NULL)
		warning("%s: somebody asked on %s for the run to stop; its "
			"program does not know, and goes on",
		    job->path, job->url);
	if (jv_is_valid(error))
		job_tell(job);
	return error;
}

/* How long after the last post there has to be another one. */
static double
pause_of(const struct job *job)
{
	const struct sync_feed *feed = job->options->feed;

	if (!job->follow.news)
		return FOLLOW_SILENCE;
	return feed != NULL ? feed->interval : FOLLOW_INTERVAL;
}

/* Posts if it is time for it. False if that failed. */
static bool
keep_up(struct job *job)
{
	struct follow *follow = &job->follow;
	struct replay *replay = &job->replay;
	bool preempting = replay->preempting && !job->preempted;
	double since = clock_ticks() - follow->posted;

	if (job->stream == NULL)
		return true;
	jv_free(replay->error);
	if (since < pause_of(job) && !preempting && !stream_full(job->stream)) {
		replay->error = stream_land(job->stream);
		return jv_is_valid(replay->error);
	}
	replay->error = post(job, preempting);
	follow->posted = clock_ticks();
	follow->news = false;
	return jv_is_valid(replay->error);
}

/* Waits until the file may have grown. False if there is no time left. */
static bool
look_later(struct job *job)
{
	const struct sync_feed *feed = job->options->feed;

	if (feed == NULL)
		return deadline_sleep(&job->deadline, WRITER_LOOK);
	job_tell(job);
	feed->wait(
	    feed->context, job->follow.posted + pause_of(job) - clock_ticks());
	return true;
}

bool
follow_on(struct job *job)
{
	struct replay *replay = &job->replay;
	struct writer_watch *watch = &job->follow.watch;
	int fd = runlog_fd(job->log);
	const char *what;

	for (;;) {
		if ((what = writer_changed(fd, job->path, job->size)) != NULL) {
			jv_free(replay->error);
			replay->error = error_temporary(error_value("conflict",
			    "the file %s while it was followed", what));
			return false;
		}
		if (replay->exited) {
			if (job->options->feed == NULL)
				warning("%s: the run has ended, with exit "
					"code %d",
				    job->path, replay->exit_code);
			job->follow.end = "exit";
			return false;
		}
		if (!keep_up(job))
			return false;
		if (job->options->feed == NULL && writer_is_gone(watch, fd)) {
			warning("%s: the run has no end, but no process has "
				"the file open, and it has not grown for %d s",
			    job->path, WRITER_PATIENCE);
			job->follow.end = "gone";
			return false;
		}
		if (!look_later(job)) {
			jv_free(replay->error);
			replay->error =
			    error_value("timeout", "the run goes on");
			return false;
		}
		if (writer_has_grown(watch, fd) || watch->size != job->size) {
			if (watch->size < job->size)
				continue; /* it was cut: not to be read */
			job->follow.news = true;
			return true;
		}
	}
}
