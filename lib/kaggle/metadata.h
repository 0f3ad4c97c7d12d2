/* SPDX-License-Identifier: MIT */
/*
 * kaggle/metadata - kernel-metadata.json, checked, and as SaveKernel wants it
 *
 * Kaggle refuses little: a wrong field is ignored, a title that does not fit
 * moves the kernel elsewhere, a missing source lets the session start without
 * it. So all that can be known here is checked here.
 */
#ifndef KAGGLE_METADATA_H
#define KAGGLE_METADATA_H

#include <stdbool.h>

#include <jv.h>

struct metadata {
	char *path;      /* the file's, for messages */
	char *id;        /* "owner/slug", or "slug" alone */
	long long id_no; /* 0 without one */
	char *code_path; /* the program's file */
	bool notebook;
	bool internet;
	const char *quota;  /* "gpuQuota", "tpuQuota", or NULL: it uses none */
	bool unpredictable; /* the slug of the title cannot be known */
	jv request;         /* for SaveKernel; slug and text are to be set */
};

/*
 * Reads and checks folder/kernel-metadata.json; unknown fields are warned
 * about. Returns jv_null(), or an error_value(): "input", with the file and the
 * field. Either way metadata_release() frees what is there.
 */
jv metadata_read(struct metadata *meta, const char *folder);
void metadata_release(struct metadata *meta);

/*
 * What is wrong with an entry of a list, dataset_sources, competition_sources,
 * kernel_sources or model_sources; NULL if nothing is.
 */
const char *metadata_source_fault(const char *field, const char *entry);

/*
 * How Kaggle spells a machine_shape that is written here in whatever case;
 * NULL if it is not known. Static text.
 */
const char *metadata_shape(const char *shape);

#endif
