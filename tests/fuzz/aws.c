/* SPDX-License-Identifier: MIT */
/* aws: AWS' files and STS' answers: whatever they hold, parts of it are read.
 */
#include <stdlib.h>
#include <string.h>

#include "aws/ini.h"
#include "aws/xml.h"
#include "fuzz.h"

static void
is_part(struct span part, struct span text)
{
	MUST(part.at >= text.at && part.len <= text.len);
	MUST(part.at + part.len <= text.at + text.len);
	MUST(part.len == 0 || memchr(part.at, '\n', part.len) == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct span text = { (const char *)bytes, size };
	struct aws_ini ini = { .text = text };
	size_t before = 0;
	char *found;

	while (aws_ini_next(&ini)) {
		MUST(ini.at > before);
		before = ini.at;
		is_part(ini.section, text);
		is_part(ini.key, text);
		is_part(ini.value, text);
		MUST(ini.section.len > 0);
	}
	found = aws_xml_text(text, "Code");
	MUST(found == NULL || strlen(found) <= size);
	free(found);
	return 0;
}

void
fuzz_seeds(void)
{
	static const char *const texts[] = {
		"[default]\naws_access_key_id = A\n[profile x]\ns3=\n  a=b\n",
		"# c\n[a]\n  b:c\n   d=e\n\n f=g\n",
		"<E x=''><Code>a&amp;b&lt;</Code><Message/></E>",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		fuzz_seed("text", texts[i], strlen(texts[i]));
}

void
fuzz_seeds_of(const char *path, struct runlog *log)
{
	(void)path;
	(void)log;
}
