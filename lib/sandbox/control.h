/* SPDX-License-Identifier: MIT */
/*
 * sandbox/control - /sandbox/: what the sandbox holds, and what it shall do
 */
#ifndef SANDBOX_CONTROL_H
#define SANDBOX_CONTROL_H

#include "sandbox/server.h"

extern const struct service control_service;

#endif
