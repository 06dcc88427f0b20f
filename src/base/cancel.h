/* A cancellation token, passed down through every call that may block.
 *
 * Setting it wakes whoever polls its descriptor at once; it is never unset.
 * cancel_set() is async-signal-safe. */
#pragma once

#include "base/error.h"

typedef struct Cancel Cancel;

/* Never NULL (ends the program where no descriptor can be had). */
Cancel *cancel_new(void);
/* Set together with `parent` (may be NULL), and alone without it. */
Cancel *cancel_new_child(Cancel *parent);
Cancel *cancel_ref(Cancel *cancel);
void cancel_unref(Cancel *cancel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cancel, cancel_unref)

void cancel_set(Cancel *cancel);

/* NULL stands for a token that is never set. */
bool cancel_is_set(const Cancel *cancel);

/* A descriptor that becomes readable when the token is set; -1 for NULL. */
int cancel_fd(const Cancel *cancel);

/* Sets a CANCELLED error and returns true when the token is set. */
bool cancel_check(const Cancel *cancel, GError **error);

/* Sleeps; returns false with CANCELLED as soon as the token is set. */
bool cancel_sleep(Cancel *cancel, gint64 microseconds, GError **error) G_GNUC_WARN_UNUSED_RESULT;
