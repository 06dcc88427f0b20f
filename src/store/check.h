/* Tries what a location is needed for, right by right, and says what is wrong and how to mend it.
 *
 * Each back end has a table of steps (file-check.c, s3-check.c): first the way there, then what one may do. The
 * object that is written for it has a name of its own and is removed, also after a cancellation. */
#pragma once

#include "store/store.h"

typedef enum {
    STORE_CHECK_OK,
    STORE_CHECK_WARNING, /* it works here, but not well, or not for others */
    STORE_CHECK_FAILED,
    STORE_CHECK_SKIPPED, /* the detail says why */
} StoreCheckOutcome;

/* "ok", "warning", "failed", "skipped". */
const char *store_check_word(StoreCheckOutcome outcome);

/* Valid during the call that it is handed to. */
typedef struct {
    const char *name; /* "signed URL" */
    StoreCheckOutcome outcome;
    gint64 took_us;
    const char *detail; /* what was found, or what went wrong */
    const char *remedy; /* what to do about it; NULL where there is nothing to do */
} StoreCheckStep;

typedef void (*StoreCheckFunc)(const StoreCheckStep *step, void *data);

typedef struct {
    bool read_only;     /* writes nothing; an object that is there is read */
    const char *folder; /* where the object is written, or one to read is looked for: "backups/" */
} StoreCheckOptions;

/* Calls func for each step, in order; those that make no sense after a failure are skipped. At most 11 MiB of
 * memory. False only where the check itself was cut short: CANCELLED; what a step met is in the step. */
bool store_check(Store *store, const StoreCheckOptions *options, StoreCheckFunc func, void *data, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
