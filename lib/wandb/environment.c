/* SPDX-License-Identifier: MIT */
/*
 * environment - EnvironmentRecord by a table of its fields
 */
#include "wandb/environment.h"
#include "wandb/fields.h"

static const struct field git[] = {
	{ 1, FIELD_TEXT, "remote", FIELD_ONE, NULL, NULL },
	{ 2, FIELD_TEXT, "commit", FIELD_ONE, NULL, NULL },
	{ 0 },
};
static const struct field disk[] = {
	{ 1, FIELD_U64, "total", FIELD_ONE, NULL, NULL },
	{ 2, FIELD_U64, "used", FIELD_ONE, NULL, NULL },
	{ 0 },
};
static const struct field memory[] = {
	{ 1, FIELD_U64, "total", FIELD_ONE, NULL, NULL },
	{ 0 },
};
static const struct field cpu[] = {
	{ 1, FIELD_U32, "count", FIELD_ONE, NULL, NULL },
	{ 2, FIELD_U32, "countLogical", FIELD_ONE, NULL, NULL },
	{ 3, FIELD_TEXT, "model", FIELD_ONE, NULL, NULL },
	{ 0 },
};
static const struct field apple[] = {
	{ 1, FIELD_TEXT, "name", FIELD_ONE, NULL, NULL },
	{ 2, FIELD_U32, "ecpuCores", FIELD_ONE, NULL, NULL },
	{ 3, FIELD_U32, "pcpuCores", FIELD_ONE, NULL, NULL },
	{ 4, FIELD_U32, "gpuCores", FIELD_ONE, NULL, NULL },
	{ 5, FIELD_U32, "memoryGb", FIELD_ONE, NULL, NULL },
	{ 6, FIELD_U64, "swapTotalBytes", FIELD_ONE, NULL, NULL },
	{ 7, FIELD_U64, "ramTotalBytes", FIELD_ONE, NULL, NULL },
	{ 8, FIELD_TEXT, "macModel", FIELD_ONE, NULL, NULL },
	{ 0 },
};
static const struct field nvidia[] = {
	{ 1, FIELD_TEXT, "name", FIELD_ONE, NULL, NULL },
	{ 2, FIELD_U64, "memoryTotal", FIELD_ONE, NULL, NULL },
	{ 3, FIELD_U32, "cudaCores", FIELD_ONE, NULL, NULL },
	{ 4, FIELD_TEXT, "architecture", FIELD_ONE, NULL, NULL },
	{ 5, FIELD_TEXT, "uuid", FIELD_ONE, NULL, NULL },
	{ 6, FIELD_TEXT, "pciBusId", FIELD_ONE, NULL, NULL },
	{ 7, FIELD_U32, "numaNode", FIELD_SET, NULL, NULL },
	{ 0 },
};
static const struct field amd[] = {
	{ 1, FIELD_TEXT, "id", FIELD_ONE, NULL, NULL },
	{ 2, FIELD_TEXT, "uniqueId", FIELD_ONE, NULL, NULL },
	{ 3, FIELD_TEXT, "vbiosVersion", FIELD_ONE, NULL, NULL },
	{ 4, FIELD_TEXT, "performanceLevel", FIELD_ONE, NULL, NULL },
	{ 5, FIELD_TEXT, "gpuOverdrive", FIELD_ONE, NULL, NULL },
	{ 6, FIELD_TEXT, "gpuMemoryOverdrive", FIELD_ONE, NULL, NULL },
	{ 7, FIELD_TEXT, "maxPower", FIELD_ONE, NULL, NULL },
	{ 8, FIELD_TEXT, "series", FIELD_ONE, NULL, NULL },
	{ 9, FIELD_TEXT, "model", FIELD_ONE, NULL, NULL },
	{ 10, FIELD_TEXT, "vendor", FIELD_ONE, NULL, NULL },
	{ 11, FIELD_TEXT, "sku", FIELD_ONE, NULL, NULL },
	{ 12, FIELD_TEXT, "sclkRange", FIELD_ONE, NULL, NULL },
	{ 13, FIELD_TEXT, "mclkRange", FIELD_ONE, NULL, NULL },
	{ 0 },
};
static const struct field trainium[] = {
	{ 1, FIELD_TEXT, "name", FIELD_ONE, NULL, NULL },
	{ 2, FIELD_TEXT, "vendor", FIELD_ONE, NULL, NULL },
	{ 3, FIELD_U32, "neuronDeviceCount", FIELD_ONE, NULL, NULL },
	{ 4, FIELD_U32, "neuroncorePerDeviceCount", FIELD_ONE, NULL, NULL },
	{ 0 },
};
static const struct field tpu[] = {
	{ 1, FIELD_TEXT, "name", FIELD_ONE, NULL, NULL },
	{ 2, FIELD_U32, "hbmGib", FIELD_ONE, NULL, NULL },
	{ 3, FIELD_U32, "devicesPerChip", FIELD_ONE, NULL, NULL },
	{ 4, FIELD_U32, "count", FIELD_ONE, NULL, NULL },
	{ 0 },
};
static const struct field coreweave[] = {
	{ 1, FIELD_TEXT, "clusterName", FIELD_ONE, NULL, NULL },
	{ 2, FIELD_TEXT, "orgId", FIELD_ONE, NULL, NULL },
	{ 3, FIELD_TEXT, "region", FIELD_ONE, NULL, NULL },
	{ 0 },
};

enum { ROOT = 11, WRITER = 199 };

static const struct field environment[] = {
	{ 1, FIELD_TEXT, "os", FIELD_ONE, NULL, NULL },
	{ 2, FIELD_TEXT, "python", FIELD_ONE, NULL, NULL },
	{ 3, FIELD_TIME, "startedAt", FIELD_ONE, NULL, NULL },
	{ 4, FIELD_TEXT, "docker", FIELD_ONE, NULL, NULL },
	{ 5, FIELD_TEXT, "args", FIELD_LIST, NULL, NULL },
	{ 6, FIELD_TEXT, "program", FIELD_ONE, NULL, NULL },
	{ 7, FIELD_TEXT, "codePath", FIELD_ONE, NULL, NULL },
	{ 8, FIELD_TEXT, "codePathLocal", FIELD_ONE, NULL, NULL },
	{ 9, FIELD_MESSAGE, "git", FIELD_ONE, git, NULL },
	{ 10, FIELD_TEXT, "email", FIELD_ONE, NULL, NULL },
	{ ROOT, FIELD_TEXT, "root", FIELD_ONE, NULL, NULL },
	{ 12, FIELD_TEXT, "host", FIELD_ONE, NULL, NULL },
	{ 13, FIELD_TEXT, "username", FIELD_ONE, NULL, NULL },
	{ 14, FIELD_TEXT, "executable", FIELD_ONE, NULL, NULL },
	{ 15, FIELD_TEXT, "colab", FIELD_ONE, NULL, NULL },
	{ 16, FIELD_U32, "cpu_count", FIELD_ONE, NULL, NULL },
	{ 17, FIELD_U32, "cpu_count_logical", FIELD_ONE, NULL, NULL },
	{ 18, FIELD_TEXT, "gpu", FIELD_ONE, NULL, NULL },
	{ 19, FIELD_U32, "gpu_count", FIELD_ONE, NULL, NULL },
	{ 20, FIELD_MESSAGE, "disk", FIELD_MAP, disk, NULL },
	{ 21, FIELD_MESSAGE, "memory", FIELD_ONE, memory, NULL },
	{ 22, FIELD_MESSAGE, "cpu", FIELD_ONE, cpu, NULL },
	{ 23, FIELD_MESSAGE, "apple", FIELD_ONE, apple, NULL },
	{ 24, FIELD_MESSAGE, "gpu_nvidia", FIELD_LIST, nvidia, NULL },
	{ 25, FIELD_TEXT, "cudaVersion", FIELD_ONE, NULL, NULL },
	{ 26, FIELD_MESSAGE, "gpu_amd", FIELD_LIST, amd, NULL },
	{ 27, FIELD_TEXT, "slurm", FIELD_MAP, NULL, NULL },
	{ 28, FIELD_MESSAGE, "trainium", FIELD_ONE, trainium, NULL },
	{ 29, FIELD_MESSAGE, "tpu", FIELD_ONE, tpu, NULL },
	{ 30, FIELD_MESSAGE, "coreweave", FIELD_ONE, coreweave, NULL },
	{ WRITER, FIELD_TEXT, "writerId", FIELD_ONE, NULL, NULL },
	{ 0 },
};

void
environment_json(struct span records, struct buf *out)
{
	(void)fields_json(environment, records, FIELDS_PROTOBUF, out);
}

bool
environment_members(struct span record, struct buf *out)
{
	return fields_members(environment, record, FIELDS_OURS, out);
}

/* The last value of a field of text. */
static struct span
text_of(struct span records, uint32_t number)
{
	struct wire wire = wire_of(records);
	struct wire_field field;
	struct span text = { 0 };

	while (wire_next(&wire, &field))
		if (field.number == number && field.type == WIRE_BYTES)
			text = field.bytes;
	return text;
}

struct span
environment_writer(struct span records)
{
	return text_of(records, WRITER);
}

struct span
environment_root(struct span records)
{
	return text_of(records, ROOT);
}
