/* What is at a location and no longer needed: backups by expiry and rules, restores of backups that are gone, what
 * runs that were cut short left. First a plan, then the deletions, one by one; each looks again before it deletes. */
#pragma once

#include "ark/retention.h"
#include "base/selector.h"
#include "store/store.h"

typedef struct {
    ArkRetentionRules rules;
    const Selector *selector; /* only backups with these labels, and their restores; NULL: all, and leftovers */
    gint64 leftovers_age;     /* microseconds: what was touched within them may be somebody's work */
    gint64 now;               /* microseconds since the epoch */
} ArkGcRequest;

typedef enum {
    ARK_GC_BACKUP,
    ARK_GC_RESTORE,  /* of a backup that goes, or is gone */
    ARK_GC_LEFTOVER, /* a folder of files without a Backup object */
    ARK_GC_UPLOAD,   /* begun and never finished */
} ArkGcKind;

typedef enum {
    ARK_GC_KEEP,
    ARK_GC_DELETE,
    ARK_GC_UNREADABLE, /* nobody knows what it is: it stays */
} ArkGcAction;

typedef struct {
    ArkGcKind kind;
    ArkGcAction action;
    char *name;                  /* of an upload its key */
    char *series;                /* NULL: of none */
    char *backup;                /* of a restore: its backup's name */
    char *reason;                /* for people */
    gint64 time;                 /* when it was started, or last touched; microseconds since the epoch, 0: unknown */
    StoreUnfinished *unfinished; /* of an upload */
} ArkGcEntry;

typedef struct {
    GPtrArray *entries; /* ArkGcEntry: all backups; of the others what goes or cannot be read. By kind, series, and the
                           newest first */
    GError *unlisted;   /* why uploads could not be listed, or NULL: not every server and user can */
} ArkGcPlan;
void ark_gc_plan_clear(ArkGcPlan *plan);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ArkGcPlan, ark_gc_plan_clear)

/* Deletes nothing. Fails where the location cannot be listed or an object not be fetched: a plan by half of what is
 * there could keep the wrong ones. The plan is to be cleared in any case. */
bool ark_gc_plan(Store *store, const ArkGcRequest *request, ArkGcPlan *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Deletes what an entry names, with everything that belongs to it. NOT_FOUND where somebody else deleted the backup
 * meanwhile; CONFLICT where it is no longer what was planned for: it is left alone then. */
bool ark_gc_delete(Store *store, const ArkGcRequest *request, const ArkGcEntry *entry, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
