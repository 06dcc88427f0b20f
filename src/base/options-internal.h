/* What the files of options share: walking the tables. */
#pragma once

#include "base/options.h"

/* The index-th option over all tables of a command, or NULL. */
const Option *option_at(const Command *command, size_t index);

/* By its long name, not terminated, or by its letter; or NULL. */
const Option *option_find(const Command *command, const char *name, size_t length);
const Option *option_by_letter(const Command *command, char letter);

/* Whether it needs no value. */
bool option_is_switch(const Option *option);
/* Puts the text into the option's place in the struct. */
bool option_set(const Option *option, void *values, const char *text, GError **error);
/* Puts defaults into a zeroed struct; frees what is in one. */
void options_defaults(const Command *command, void *values);
void options_clear(const Command *command, void *values);

/* The child of that name or alias, or NULL. */
const Command *command_child(const Command *command, const char *word);

/* The text of --help; `all`: of --help-all. g_free() it. */
char *command_help(const Command *command, const char *path, bool all);
