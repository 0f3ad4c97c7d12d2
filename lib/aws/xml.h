/* SPDX-License-Identifier: MIT */
/*
 * xml - the text of an element in the answers of AWS' STS
 */
#ifndef AWS_XML_H
#define AWS_XML_H

#include "mem.h"

/*
 * The text of the first element of this name, with the five entities decoded;
 * NULL if there is none, or if it holds other elements. The caller's.
 */
char *aws_xml_text(struct span xml, const char *name);

#endif
