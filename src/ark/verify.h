/* Whether a stored backup is whole and is what was stored. */
#pragma once

#include "base/cancel.h"
#include "base/progress.h"
#include "store/store.h"

typedef enum {
    ARK_VERIFY_GOOD,
    ARK_VERIFY_PARTLY, /* good as far as it can be checked: Velero records no checksums */
    ARK_VERIFY_DAMAGED,
} ArkVerdict;

typedef struct {
    char *where; /* a key, or a path in the archive */
    char *what;
} ArkDamage;

enum { ARK_DAMAGES_MAX = 1000 };

typedef struct {
    ArkVerdict verdict;
    guint64 objects, files;
    guint64 damage_count;
    GPtrArray *damages;   /* ArkDamage, the first ARK_DAMAGES_MAX */
    GPtrArray *unchecked; /* char *: what cannot be checked, and why */
} ArkVerifyReport;
void ark_verify_report_clear(ArkVerifyReport *report);

/* Checks every file of the backup and every object of its archive, which is read once, as a stream; in memory are names
 * and sums. False only where that could not be found out: no such backup (NOT_FOUND), the location out of reach,
 * cancelled. limits may be NULL: the default ones; what exceeds them is damage. The report is to be cleared in any
 * case. */
bool ark_verify(Store *store, const char *backup, const Limits *limits, Progress *progress, Cancel *cancel,
                ArkVerifyReport *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
