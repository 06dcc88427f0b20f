/* What the files of submissions share. */
#pragma once

#include "sonobuoy/submit.h"

#define SUBMISSION_LOG "e2e.log"
#define SUBMISSION_JUNIT "junit_01.xml"

void submission_refuse(Submission *submission, const char *format, ...) G_GNUC_PRINTF(2, 3);
void submission_remark(Submission *submission, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Where a file of the plugin e2e is in the archive. g_free() it. */
char *submission_source(const char *name);
