/* A cluster's objects as an index: what a backup with that spec would hold now. */
#pragma once

#include "ark/capture.h"
#include "ark/index.h"

/* Reads it; what could not be read is in the request's results. Objects are in an unnamed temporary file. */
ArkIndex *ark_live_index(const ArkCaptureRequest *request, GError **error) G_GNUC_WARN_UNUSED_RESULT;
