/* Schedules of CronJobs: five fields, or @hourly and the like.
 * Source: kubernetes.io/docs/concepts/workloads/controllers/cron-jobs. */
#pragma once

#include <glib.h>

/* The first time after `after` (us since the epoch) that the schedule names, within a year; `zone` NULL: UTC. -1 where
 * it names none or cannot be read. */
gint64 cron_next(const char *schedule, gint64 after, const char *zone);
