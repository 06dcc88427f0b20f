/* Which backups are to be kept: expiry as Velero's garbage collection has it, keep rules as restic's forget has them.
 * A decision only; nothing is read or deleted here. Sources: velero.io/docs/main/how-velero-works (backup expiration),
 * restic.readthedocs.io/en/stable/060_forget.html (removing snapshots according to a policy). */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
    const char *name;
    const char *series; /* NULL: of none */
    const char *phase;  /* NULL: unknown */
    gint64 started;     /* microseconds since the epoch */
    gint64 expires;     /* 0: never */
} ArkRetentionItem;

/* Counts; 0: no such rule. */
typedef struct {
    gint64 last, hourly, daily, weekly, monthly, yearly;
    bool all; /* backups of no series are one series, too */
} ArkRetentionRules;

bool ark_retention_has_rules(const ArkRetentionRules *rules);

typedef struct {
    bool keep;
    char *reason; /* for people: "daily, weekly", "expired", "no rule keeps it" */
} ArkRetentionDecision;
void ark_retention_decision_free(ArkRetentionDecision *decision);

/* A decision an item (ArkRetentionDecision *, freed with the array), in the items' order.
 *
 * Without rules, and for backups of no series without `all`, what has expired by `now` goes. With rules each series is
 * taken by itself: of its Completed and PartiallyFailed backups a rule keeps the newest in each of the last N hours,
 * days, ISO weeks, months or years that have one, all in UTC; and, while it has not found N, the oldest there is. What
 * no rule keeps goes, expired or not; what one keeps stays, expired or not. The newest Completed backup of a series
 * always stays. One that is under way goes by expiry only, one that failed goes at once. */
GPtrArray *ark_retention_decide(const ArkRetentionItem *items, guint count, const ArkRetentionRules *rules, gint64 now)
    G_GNUC_WARN_UNUSED_RESULT;
