/* Command tables: one description feeds the parser, the help, the man pages and
 * the shell completions.
 *
 * A program is a tree of commands. Each leaf has options whose values are put
 * into a struct of the command's own (by offset, zeroed before) and a function
 * that is called with it. A command with commands below it may have them, too:
 * it is run where the word behind it is none of those. Syntax as kubectl's: --name value, --name=value, -n
 * value, -nvalue, --flag, --flag=false; options and arguments in any order; --
 * ends options. Unknown names are answered with the nearest right one. */
#pragma once

#include "base/error.h"

typedef enum {
    OPTION_FLAG,     /* bool; --x, --x=true|false */
    OPTION_TRISTATE, /* int: -1 not given (set so before parsing), 0 false, 1 true */
    OPTION_STRING,   /* char *, NULL when not given */
    OPTION_LIST,     /* GStrv; comma separated and repeatable, joined; none may be empty */
    OPTION_STRINGS,  /* GStrv; repeatable, not split */
    OPTION_MAP,      /* GStrv of "key=value", comma separated and repeatable */
    OPTION_INT,      /* gint64 */
    OPTION_DURATION, /* gint64 microseconds; Go syntax */
    OPTION_SIZE,     /* gint64 bytes; a quantity, "64Mi" */
    OPTION_ENUM,     /* char *, one of `values` */
} OptionKind;

typedef struct {
    const char *name; /* long name without dashes */
    char letter;      /* 0: none */
    bool hidden;
    bool rare;         /* few need it: --help leaves it to --help-all, man page and completion */
    bool configurable; /* the root command's `setting` is asked before the fallback is used */
    OptionKind kind;
    size_t offset;        /* of the value in the command's struct */
    const char *value;    /* how the help names the value, "URL" */
    const char *help;     /* one sentence; may hold the default in words */
    const char *bare;     /* value where the option stands alone: one of its own comes with "=" only; NULL: needed */
    const char *fallback; /* default as text, parsed like an argument; may be NULL */
    const char *const *values; /* OPTION_ENUM, and suggestions for completion */
    gint64 minimum;            /* OPTION_INT, OPTION_DURATION: no less is taken */
    const char *complete; /* where words for the value come from: "file", "dir", a source of the program's; or NULL */
} Option;

typedef struct Command Command;

typedef struct {
    const Command *command;
    const char *program; /* "ark" */
    const char *path;    /* "ark backup create" */
    GStrv arguments;     /* positional, after the command words */
    GHashTable *given;   /* for command_given() */
} CommandCall;

struct Command {
    const char *name;
    const char *arguments;            /* "NAME", "[NAME]", "NAME..." for the synopsis; NULL: none */
    int arguments_min, arguments_max; /* max -1: any number */
    const char *summary;              /* one line */
    const char *description;          /* paragraphs for help and man page; may be NULL */
    const char *examples;             /* lines; may be NULL */
    const char *exit_codes;           /* lines for the man page; NULL: the usual */
    const char *aliases;              /* "backups,b"; may be NULL */
    const Option *const *options;     /* NULL-terminated list of tables, each ended by a name of NULL */
    size_t options_size;              /* size of the struct that options write into */
    int (*run)(const CommandCall *call, void *options); /* the exit code; NULL for mere groups */
    const Command *const *children;                     /* NULL-terminated; NULL for leaves */
    /* Of the root, which is not run itself: `options` may stand before the command, too, where that has them. */
    /* Of the root: a configurable option's text where the command line does not give it, NULL for none; `origin` says
     * in errors where it stands. Both are the callee's. */
    const char *(*setting)(const Option *option, const char **origin, GError **error);
    /* What arguments complete to, as Option.complete; "backups,dir" for the first and the others. */
    const char *complete;
    /* Of the root: the words of a source that `complete` names and only the program knows ("backups"), for a
     * command's struct as far as the line fills it. g_strfreev() them. */
    GStrv (*words)(const char *source, const void *options);
    bool hidden;
};

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_PARTLY = 3 };

/* Parses argv, prints help (-h, --help, --help-all, no command) or an error with the next
 * step, or runs the command. Returns the exit code. */
int command_main(const Command *root, int argc, char **argv);

/* The first option of the table that the command line gives, or NULL. */
const Option *command_given(const CommandCall *call, const Option *table);

/* Whether the text would do as the option's value. USAGE says why not. */
bool option_accepts(const Option *option, const char *text, GError **error);

/* roff man page of one command (section 1): "ark-backup-create". */
char *command_man(const Command *root, const char *path);
/* All commands' paths ("ark", "ark backup", ...), hidden ones left out. */
GStrv command_paths(const Command *root);
/* What may stand in place of the last of the words (those behind the program's name; "" where it is not begun): one a
 * line, and a description behind a tab; ":file" or ":dir" where the shell is to complete names of files. g_free() it.
 */
char *command_complete(const Command *root, char **words);
/* A completion script; shell: bash, zsh, fish. It calls `<program> __complete -- WORDS...`, which is to print what
 * command_complete() gives. */
char *command_completion(const Command *root, const char *shell, GError **error);
