#include "sonobuoy/network/choice.h"

#include <string.h>

enum { SLICE_MAX = 100 }; /* endpoints, by default of the controller */

/* FNV-1a of the name and a number, mixed once more: neighbours' names differ in one digit. */
static guint64 hash(const char *name, guint64 number) {
    guint64 value = 14695981039346656037u ^ number * 0x9e3779b97f4a7c15u;
    for (; *name; name++)
        value = (value ^ (guint8)*name) * 1099511628211u;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

static bool find(const char *own, const char *const *names, guint count, guint *out) {
    for (guint i = 0; i < count; i++)
        if (g_str_equal(names[i], own)) {
            *out = i;
            return true;
        }
    return false;
}

guint choice_of_names(const char *own, const char *const *names, guint count, guint wanted, guint *out) {
    guint at, chosen = 0;
    if (count == 0)
        return 0;
    bool is_in = find(own, names, count, &at);
    guint others = is_in ? count - 1 : count, first = is_in ? 1 : 0;
    if (!is_in)
        at = (guint)(hash(own, 1) % count);
    wanted = MIN(wanted, others);
    /* The same steps for all: a ring in which each has as many behind it as before it. */
    for (; chosen < wanted; chosen++)
        out[chosen] = (guint)((at + first + (guint64)chosen * others / wanted) % count);
    return chosen;
}

guint choice_of_slice(const char *own, guint count, guint attempt) {
    return count ? (guint)((hash(own, 2) + attempt) % count) : 0;
}

bool choice_takes_slice(const char *own, guint attempt, guint endpoints) {
    return hash(own, 3 + attempt) % SLICE_MAX < endpoints;
}
