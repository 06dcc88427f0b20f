/* What a back end's steps of a check share with those that all back ends have. */
#pragma once

#include "store/check.h"

typedef struct {
    Store *store;
    const StoreCheckOptions *options;
    char *key;          /* of the object that is written, or of one to read; NULL: there is none */
    GByteArray *bytes;  /* what was written there last; empty by a check that only reads */
    bool written;       /* the key may be there and is to be removed */
    bool removable;     /* a deletion has worked */
    const char *broken; /* the step of the way that failed; NULL: none */
    const char *listing_failure, *writing_failure; /* why there is no object */
    void *own;                                     /* the back end's */

    /* What a step found. */
    StoreCheckOutcome outcome;
    char *detail, *remedy;
} StoreCheck;

typedef enum {
    STORE_STEP_WAY = 1,      /* where it fails, nothing after it makes sense */
    STORE_STEP_WRITES = 2,   /* not of a check that only reads */
    STORE_STEP_OBJECT = 4,   /* needs an object */
    STORE_STEP_REMOVABLE = 8 /* needs to know that what it writes can be removed */
} StoreStepFlags;

typedef struct {
    const char *name;
    unsigned flags;
    /* True with the outcome set by one of the functions below; false with the error that it failed by. */
    bool (*run)(StoreCheck *check, GError **error);
} StoreStep;

typedef struct {
    const StoreStep *steps; /* ended by a name of NULL */
    /* What to do about a step's failure, or NULL. g_free() it. */
    char *(*remedy)(const StoreCheck *check, const char *step, const GError *error);
    void (*end)(StoreCheck *check); /* frees what is the back end's own, undoes what else it did */
} StoreCheckClass;

/* Each returns true, so that a step can end by it. remedy may be NULL. */
bool store_check_ok(StoreCheck *check, const char *format, ...) G_GNUC_PRINTF(2, 3);
bool store_check_warn(StoreCheck *check, char *remedy, const char *format, ...) G_GNUC_PRINTF(3, 4); /* takes remedy */
bool store_check_skip(StoreCheck *check, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Fails with CORRUPT where that is not what was written. */
bool store_check_same(const StoreCheck *check, const void *data, size_t length, GError **error);

/* The steps that all back ends have. */
bool store_check_list(StoreCheck *check, GError **error);
bool store_check_write(StoreCheck *check, GError **error);
bool store_check_head(StoreCheck *check, GError **error);
bool store_check_read(StoreCheck *check, GError **error);
bool store_check_range(StoreCheck *check, GError **error);
bool store_check_overwrite(StoreCheck *check, GError **error);
bool store_check_absent(StoreCheck *check, GError **error);
bool store_check_delete(StoreCheck *check, GError **error);
bool store_check_large(StoreCheck *check, GError **error);
