/* Checks of a cluster that need no pod in it: is it set up as it must be, and well?
 *
 * A check looks at a snapshot and says what it found; it writes nothing but dry runs. Where it may not see what it
 * needs its outcome is unknown, never a failure. */
#pragma once

#include "sonobuoy/check/snapshot.h"

typedef enum { CHECK_PASS, CHECK_UNKNOWN, CHECK_WARN, CHECK_FAIL } CheckOutcome; /* the worst last */
const char *check_outcome_name(CheckOutcome outcome);                            /* "pass", ... */
typedef enum { SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL } CheckSeverity;
const char *check_severity_name(CheckSeverity severity);

typedef struct CheckResult CheckResult;
typedef struct {
    const char *id;    /* "SB-NODE-03": never another check's */
    const char *area;  /* one of check_areas */
    const char *title; /* what holds where it passes: "Nodes are ready" */
    CheckSeverity severity;
    guint64 reads;    /* kinds whose lists it needs: 1 << SnapshotKind */
    guint64 may_read; /* and those that it looks at where they are there */
    bool asks;        /* it asks the server itself: of an archive it is unknown */
    bool samples;     /* it compares the API server's metrics with later ones */
    const char *why;  /* what goes wrong where it does not hold */
    const char *fix;  /* what to do then */
    void (*run)(Snapshot *snapshot, CheckResult *result);
} Check;

extern const Check checks[];             /* table.c; ended by one without id */
extern const char *const check_areas[];  /* in the order of reports; NULL-terminated */
const Check *check_find(const char *id); /* any case; NULL */

/* --- what a check found ------------------------------------------------------------------------ */

typedef struct {
    CheckOutcome outcome;
    char *object;   /* "Node worker-1", "Service shop/web"; NULL: the cluster */
    char *evidence; /* what was seen, and the cause where it can be told */
    char *fix;      /* in place of the check's; NULL: that */
    char *excepted; /* the reason of an exception of the configuration: it counts as pass; NULL */
} CheckFinding;

typedef struct CheckConfig CheckConfig;
struct CheckResult {
    const Check *check;
    CheckOutcome outcome; /* the worst finding's; pass where there is none */
    GPtrArray *findings;  /* CheckFinding */
    char *summary;        /* of a pass: "3 nodes"; may be NULL */
    gint64 took;          /* us */
    const CheckConfig *config;
};

/* For checks. `object` may be NULL; the rest is a format and its values. */
void check_warn(CheckResult *result, const char *object, const char *format, ...) G_GNUC_PRINTF(3, 4);
void check_fail(CheckResult *result, const char *object, const char *format, ...) G_GNUC_PRINTF(3, 4);
void check_unknown(CheckResult *result, const char *object, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* The finding of the last call gets advice of its own. */
void check_advise(CheckResult *result, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* What is said of it where it passes. */
void check_summary(CheckResult *result, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* "Pod shop/web-1", of an object of the snapshot. g_free() it. */
char *check_object(const char *kind, yyjson_val *object);

/* --- thresholds, exceptions ---------------------------------------------------------------------- */

typedef struct {
    char *id, *object; /* globs; object NULL: any */
    char *reason;      /* never NULL */
    gint64 until;      /* us since the epoch; 0: for ever */
} CheckException;

/* Of --config, YAML or JSON:
 *   thresholds: {certificateDaysWarn: 30, ...}     as check_thresholds has them
 *   exceptions: [{check: SB-NODE-*, object: "Node spare-*", reason: ..., until: 2027-01-31}] */
struct CheckConfig {
    gint64 certificate_days_warn, certificate_days_fail;
    gint64 api_slow_ms;      /* a median above it warns */
    gint64 etcd_slow_ms;     /* the same for a p99 */
    gint64 objects;          /* of a kind, above which there are too many */
    gint64 stuck_minutes;    /* what is pending or being deleted for longer is stuck */
    gint64 requests_percent; /* of a node's allocatable, above which it is full */
    gint64 disk_percent;     /* used */
    gint64 quota_percent;    /* used */
    gint64 clock_warn_s, clock_fail_s;
    gint64 restarts;       /* of a container, in its pod's life, that are told of */
    GPtrArray *exceptions; /* CheckException */
};
typedef struct {
    const char *name; /* in the file */
    size_t offset;    /* of a gint64 in CheckConfig */
    gint64 fallback;
    const char *help;
} CheckThreshold;
extern const CheckThreshold check_thresholds[]; /* ended by one without name */
CheckConfig *check_config_new(void);
CheckConfig *check_config_read(const char *text, size_t length, const char *what, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void check_config_free(CheckConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CheckConfig, check_config_free)

/* --- running --------------------------------------------------------------------------------------- */

typedef struct {
    const char *const *only, *const *skip; /* IDs, areas or globs of IDs, any case; NULL: all, none */
    const CheckConfig *config;             /* NULL: the default one */
    unsigned threads;                      /* 0: 8 */
    Cancel *cancel;
} CheckOptions;

typedef struct {
    GPtrArray *results; /* CheckResult, in the table's order */
    guint counts[CHECK_FAIL + 1];
    GPtrArray *blind;       /* char *: what could not be read and why, each once: "pods: GET ...: 403 ..." */
    char *server, *version; /* its URL, "v1.34.4" */
    gint64 begun, took;     /* us since the epoch, us */
} CheckReport;

/* Loads what the chosen checks read, and runs them, several at once. USAGE names what `only` or `skip` does not match.
 */
CheckReport *checks_run(Snapshot *snapshot, const CheckOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void check_report_free(CheckReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CheckReport, check_report_free)
