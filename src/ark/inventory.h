/* What is in a location, counted: by one listing of it, and the object of each backup. */
#pragma once

#include "store/store.h"

typedef struct {
    char *name;        /* NULL: there is none */
    char *phase;       /* "" where none is told */
    gint64 started_at; /* microseconds since the epoch */
    gint64 expires_at; /* 0: never */
} ArkInventoryBackup;

enum { ARK_INVENTORY_NAMES_MAX = 1000 };

typedef struct {
    guint64 backups; /* their object is there */
    guint64 restores;
    guint64 files, bytes;              /* of all that is there, volume data included */
    guint64 expired;                   /* backups whose time is up */
    ArkInventoryBackup newest, oldest; /* by the time they started */
    GPtrArray *unfinished;             /* char *, sorted: folders of backups without their object */
    GPtrArray *unreadable;             /* char *: backups whose object is damaged, or another one's */
    GPtrArray *strangers; /* char *, sorted, ARK_INVENTORY_NAMES_MAX at most: folders at the top that are none of
                             Velero's; a stock Velero refuses a location with any of them */
} ArkInventory;
void ark_inventory_clear(ArkInventory *inventory);

/* Memory grows with the number of backups and restores, not with the files. The inventory is to be cleared in any
 * case. */
bool ark_inventory_take(Store *store, ArkInventory *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The folders at the top that a stock Velero does not know; sorted, char *. Lists the top only. */
GPtrArray *ark_inventory_strangers(Store *store, GError **error) G_GNUC_WARN_UNUSED_RESULT;
