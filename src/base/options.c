/* Parsing of command lines; help, man pages and completion are beside it. */
#include "base/options.h"

#include "base/options-internal.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* --- tables ----------------------------------------------------------------------------------- */

const Option *option_at(const Command *command, size_t index) {
    for (const Option *const *table = command->options; table && *table; table++)
        for (const Option *option = *table; option->name; option++)
            if (index-- == 0)
                return option;
    return NULL;
}

const Option *option_find(const Command *command, const char *name, size_t length) {
    const Option *option;
    for (size_t i = 0; (option = option_at(command, i)); i++)
        if (strlen(option->name) == length && strncmp(option->name, name, length) == 0)
            return option;
    return NULL;
}

const Option *option_by_letter(const Command *command, char letter) {
    const Option *option;
    for (size_t i = 0; (option = option_at(command, i)); i++)
        if (option->letter == letter)
            return option;
    return NULL;
}

static const char *suggest_option(const Command *command, const char *name) {
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const Option *option;
    for (size_t i = 0; (option = option_at(command, i)); i++)
        if (!option->hidden)
            g_ptr_array_add(names, (void *)option->name);
    g_ptr_array_add(names, NULL);
    return text_nearest(name, (const char *const *)names->pdata);
}

/* --- values -------------------------------------------------------------------------------------- */

static bool has_empty_part(GStrv parts) {
    for (; *parts; parts++)
        if (!*g_strstrip(*parts))
            return true;
    return false;
}

static void append_strings(GStrv *list, const char *text, bool split) {
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (char **old = *list; old && *old; old++)
        g_strv_builder_add(builder, *old);
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    for (char **part = parts; split && *part; part++)
        if (*g_strstrip(*part))
            g_strv_builder_add(builder, *part);
    if (!split)
        g_strv_builder_add(builder, text);
    g_strfreev(*list);
    *list = g_strv_builder_end(builder);
}

static bool parse_bool(const char *text, bool *out) {
    static const char *const yes[] = {"true", "1", "t", "T", "TRUE", "True", NULL};
    static const char *const no[] = {"false", "0", "f", "F", "FALSE", "False", NULL};
    *out = g_strv_contains(yes, text);
    return *out || g_strv_contains(no, text);
}

static bool set_list(GStrv *list, const char *text, GError **error) {
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    if (!*parts || has_empty_part(parts)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                    "\"%s\" has an empty value; leave the option out where nothing is to be said by it", text);
        return false;
    }
    append_strings(list, text, true);
    return true;
}

static bool set_map(GStrv *list, const char *text, GError **error) {
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    for (char **part = parts; *part; part++)
        if (!strchr(*part, '=')) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "\"%s\" is not key=value", *part);
            return false;
        }
    append_strings(list, text, true);
    return true;
}

static bool set_enum(const Option *option, char **target, const char *text, GError **error) {
    if (!g_strv_contains(option->values, text)) {
        g_autofree char *all = g_strjoinv(", ", (char **)option->values),
                        *hint = text_did_you_mean(text_nearest(text, option->values));
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "\"%s\" is none of %s%s", text, all, hint);
        return false;
    }
    g_free(*target);
    *target = g_strdup(text);
    return true;
}

static bool set_duration(const Option *option, gint64 *target, const char *text, GError **error) {
    if (!duration_parse(text, target, error))
        return false;
    if (*target >= option->minimum)
        return true;
    g_autofree char *least = duration_format(option->minimum);
    g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "\"%s\" is less than %s", text, least);
    return false;
}

static bool set_int(const Option *option, gint64 *target, const char *text, GError **error) {
    if (g_ascii_string_to_signed(text, 10, option->minimum, G_MAXINT64, target, NULL))
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "\"%s\" is not a whole number from %" G_GINT64_FORMAT " on", text,
                option->minimum);
    return false;
}

bool option_set(const Option *option, void *values, const char *text, GError **error) {
    void *target = (char *)values + option->offset;
    bool flag = false;
    switch (option->kind) {
    case OPTION_FLAG:
    case OPTION_TRISTATE:
        if (!parse_bool(text, &flag)) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "\"%s\" is neither true nor false", text);
            return false;
        }
        if (option->kind == OPTION_FLAG)
            *(bool *)target = flag;
        else
            *(int *)target = flag;
        return true;
    case OPTION_STRING:
        g_free(*(char **)target);
        *(char **)target = g_strdup(text);
        return true;
    case OPTION_LIST: return set_list(target, text, error);
    case OPTION_STRINGS: append_strings(target, text, false); return true;
    case OPTION_MAP: return set_map(target, text, error);
    case OPTION_ENUM: return set_enum(option, target, text, error);
    case OPTION_DURATION: return set_duration(option, target, text, error);
    case OPTION_SIZE: return quantity_bytes(text, target, error);
    case OPTION_INT: return set_int(option, target, text, error);
    }
    return false;
}

/* Frees what a value owns, where its kind holds memory. */
static void option_clear(const Option *option, void *values) {
    void *target = (char *)values + option->offset;
    if (option->kind == OPTION_STRING || option->kind == OPTION_ENUM)
        g_clear_pointer((char **)target, g_free);
    else if (option->kind == OPTION_LIST || option->kind == OPTION_STRINGS || option->kind == OPTION_MAP)
        g_clear_pointer((GStrv *)target, g_strfreev);
}

bool option_accepts(const Option *option, const char *text, GError **error) {
    union {
        gint64 number;
        void *pointer;
    } value = {0};
    Option alone = *option;
    alone.offset = 0;
    bool accepted = option_set(&alone, &value, text, error);
    option_clear(&alone, &value);
    if (!accepted && error)
        (*error)->code = BASE_ERROR_USAGE;
    return accepted;
}

void options_clear(const Command *command, void *values) {
    const Option *option;
    for (size_t i = 0; (option = option_at(command, i)); i++)
        option_clear(option, values);
}

void options_defaults(const Command *command, void *values) {
    const Option *option;
    for (size_t i = 0; (option = option_at(command, i)); i++) {
        if (option->kind == OPTION_TRISTATE)
            *(int *)((char *)values + option->offset) = -1;
        g_autoptr(GError) error = NULL;
        if (option->fallback && !option_set(option, values, option->fallback, &error))
            g_error("default of --%s: %s", option->name, error->message);
    }
}

const Option *command_given(const CommandCall *call, const Option *table) {
    for (; table->name; table++)
        if (g_hash_table_contains(call->given, table))
            return table;
    return NULL;
}

/* --- a command line --------------------------------------------------------------------------------- */

typedef struct {
    const Command *command;
    void *values;
    char **words;
    GPtrArray *arguments;
    bool help, help_all;
    GHashTable *given; /* Option; lists replace their default when first given */
} Parse;

static bool parse_set_option(Parse *parse, const Option *option, const char *shown, const char *text, GError **error) {
    void *target = (char *)parse->values + option->offset;
    bool list = option->kind == OPTION_LIST || option->kind == OPTION_STRINGS || option->kind == OPTION_MAP;
    if (g_hash_table_add(parse->given, (void *)option) && list)
        g_clear_pointer((GStrv *)target, g_strfreev);
    if (option_set(option, parse->values, text, error))
        return true;
    g_prefix_error(error, "option %s: ", shown);
    (*error)->code = BASE_ERROR_USAGE;
    return false;
}

bool option_is_switch(const Option *option) {
    return option->kind == OPTION_FLAG || option->kind == OPTION_TRISTATE;
}

/* The value of an option that stands without one in its own word: its own for that, or the next word. */
static const char *next_value(Parse *parse, const char *shown, const Option *option, GError **error) {
    if (option->bare || option_is_switch(option))
        return option->bare ? option->bare : "true";
    const char *value = parse->words[0];
    if (!value) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "option %s needs a value (%s)", shown,
                    option->value ? option->value : "TEXT");
        return NULL;
    }
    parse->words++;
    return value;
}

static bool parse_long(Parse *parse, const char *word, GError **error) {
    const char *name = word + 2, *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    g_autofree char *shown = g_strndup(word, length + 2);
    if (g_str_equal(shown, "--help") || g_str_equal(shown, "--help-all")) {
        parse->help = true;
        parse->help_all |= g_str_equal(shown, "--help-all");
        return true;
    }
    const Option *option = option_find(parse->command, name, length);
    if (!option) {
        const char *nearest = suggest_option(parse->command, shown + 2);
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "unknown option %s%s%s%s", shown,
                    nearest ? "; did you mean --" : "", nearest ? nearest : "", nearest ? "?" : "");
        return false;
    }
    const char *value = equals ? equals + 1 : next_value(parse, shown, option, error);
    return value && parse_set_option(parse, option, shown, value, error);
}

static bool parse_short(Parse *parse, const char *word, GError **error) {
    for (const char *c = word + 1; *c; c++) {
        char shown[] = {'-', *c, '\0'};
        const Option *option = option_by_letter(parse->command, *c);
        if (!option && *c == 'h') {
            parse->help = true;
            return true;
        }
        if (!option) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "unknown option %s", shown);
            return false;
        }
        if (option_is_switch(option)) {
            if (!parse_set_option(parse, option, shown, "true", error))
                return false;
            continue;
        }
        const char *value = c[1] == '=' ? c + 2 : c[1] ? c + 1 : next_value(parse, shown, option, error);
        return value && parse_set_option(parse, option, shown, value, error);
    }
    return true;
}

static bool parse_words(Parse *parse, GError **error) {
    bool options = true;
    while (*parse->words) {
        const char *word = *parse->words++;
        if (options && g_str_equal(word, "--"))
            options = false;
        else if (options && word[0] == '-' && word[1] == '-') {
            if (!parse_long(parse, word, error))
                return false;
        } else if (options && word[0] == '-' && word[1]) {
            if (!parse_short(parse, word, error))
                return false;
        } else {
            g_ptr_array_add(parse->arguments, g_strdup(word));
        }
    }
    int count = (int)parse->arguments->len;
    if (parse->help)
        return true;
    if (count < parse->command->arguments_min) {
        g_auto(GStrv) names = g_strsplit(parse->command->arguments, " ", -1);
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "%s is missing", names[count]);
        return false;
    }
    if (parse->command->arguments_max >= 0 && count > parse->command->arguments_max) {
        const char *word = g_ptr_array_index(parse->arguments, parse->command->arguments_max);
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "too many arguments: \"%s\"%s", word,
                    command_child(parse->command, word) ? ", a command, whose options stand behind it" : "");
        return false;
    }
    return true;
}

/* Options that the command line does not give, from the program's settings. */
static bool apply_settings(const Command *root, Parse *parse, GError **error) {
    const Option *option;
    for (size_t i = 0; root->setting && (option = option_at(parse->command, i)); i++) {
        if (!option->configurable || g_hash_table_contains(parse->given, option))
            continue;
        const char *origin = NULL;
        GError *failure = NULL;
        const char *text = root->setting(option, &origin, &failure);
        if (failure) {
            g_propagate_error(error, failure);
            return false;
        }
        if (text && !option_set(option, parse->values, text, error)) {
            g_prefix_error(error, "%s: %s: ", origin, option->name);
            (*error)->code = BASE_ERROR_INVALID;
            return false;
        }
    }
    return true;
}

static int run_leaf(const Command *root, const Command *command, const char *path, char **words) {
    g_autofree void *values = g_malloc0(MAX(command->options_size, 1));
    Parse parse = {.command = command,
                   .values = values,
                   .words = words,
                   .arguments = g_ptr_array_new_with_free_func(g_free),
                   .given = g_hash_table_new(g_direct_hash, g_direct_equal)};
    g_autoptr(GError) error = NULL;
    options_defaults(command, values);
    int code;
    bool ok = parse_words(&parse, &error) && (parse.help || apply_settings(root, &parse, &error));
    g_ptr_array_add(parse.arguments, NULL);
    if (!ok && !g_error_matches(error, BASE_ERROR, BASE_ERROR_USAGE)) {
        fprintf(stderr, "%s: %s\n", root->name, error->message);
        code = EXIT_FAILED;
    } else if (!ok) {
        fprintf(stderr, "%s: %s\nRun '%s --help' for the options.\n", path, error->message, path);
        code = EXIT_USAGE;
    } else if (parse.help) {
        g_autofree char *help = command_help(command, path, parse.help_all);
        fputs(help, stdout);
        code = EXIT_DONE;
    } else {
        CommandCall call = {.command = command,
                            .program = root->name,
                            .path = path,
                            .arguments = (char **)parse.arguments->pdata,
                            .given = parse.given};
        code = command->run(&call, values);
    }
    options_clear(command, values);
    g_ptr_array_unref(parse.arguments);
    g_hash_table_unref(parse.given);
    return code;
}

static bool answers_to(const Command *command, const char *word) {
    if (g_str_equal(command->name, word))
        return true;
    g_auto(GStrv) aliases = g_strsplit(command->aliases ? command->aliases : "", ",", -1);
    return g_strv_contains((const char *const *)aliases, word);
}

const Command *command_child(const Command *command, const char *word) {
    for (const Command *const *child = command->children; child && *child; child++)
        if (answers_to(*child, word))
            return *child;
    return NULL;
}

/* "ark backup create or ark restore create" for "create", which is no command by itself; "" where none has it. */
static char *commands_below(const Command *command, const char *path, const char *word) {
    GString *found = g_string_new(NULL);
    for (const Command *const *child = command->children; *child; child++)
        if (!(*child)->hidden && command_child(*child, word))
            g_string_append_printf(found, "%s%s %s %s", found->len ? " or " : "", path, (*child)->name, word);
    return g_string_free(found, FALSE);
}

static int unknown_command(const Command *command, const char *path, const char *word) {
    g_autofree char *below = commands_below(command, path, word);
    if (*word == '-') {
        fprintf(stderr, "%s: options stand behind the command: %s COMMAND %s\nRun '%s --help' for the commands.\n",
                path, path, word, path);
        return EXIT_USAGE;
    }
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (const Command *const *child = command->children; *child; child++)
        if (!(*child)->hidden)
            g_ptr_array_add(names, (void *)(*child)->name);
    g_ptr_array_add(names, NULL);
    g_autofree char *hint = text_did_you_mean(*below ? below : text_nearest(word, (const char *const *)names->pdata));
    fprintf(stderr, "%s: unknown command \"%s\"%s\nRun '%s --help' for the commands.\n", path, word, hint, path);
    return EXIT_USAGE;
}

static bool is_help(const char *word) {
    static const char *const words[] = {"-h", "--help", "--help-all", "help", NULL};
    return g_strv_contains(words, word);
}

/* "ark help backup", or help of the command itself. */
static int show_help(const Command *command, const char *path, char **words) {
    g_autoptr(GString) whole = g_string_new(path);
    const char *word = *words;
    if (word && g_str_equal(word, "help"))
        for (const Command *child; *++words && (child = command_child(command, *words)); command = child)
            g_string_append_printf(whole, " %s", child->name);
    g_autofree char *help = command_help(command, whole->str, g_strcmp0(word, "--help-all") == 0);
    fputs(help, word ? stdout : stderr);
    return word ? EXIT_DONE : EXIT_USAGE;
}

/* Whether the command itself is to be run with the words behind it, of which the first is none of its commands. */
static bool takes_words(const Command *command, const char *word) {
    return command->run && (!word || *word == '-' || (command->arguments_max != 0 && !g_str_equal(word, "help")));
}

/* Whether the word is one of the root's options; `out_alone`: its value is not in the next word. */
static bool is_leading(const Command *root, const char *word, bool *out_alone) {
    const char *equals = strchr(word, '=');
    const Option *option = NULL;
    if (root->run || word[0] != '-' || !word[1])
        return false;
    if (word[1] == '-')
        option = option_find(root, word + 2, equals ? (size_t)(equals - word - 2) : strlen(word + 2));
    else
        option = option_by_letter(root, word[1]);
    *out_alone = option && (option_is_switch(option) || option->bare || equals || (word[1] != '-' && word[2]));
    return option;
}

/* The words (a new list of the same texts) with options that stand before the command put to the end of it. */
static GPtrArray *in_usual_order(const Command *root, char **words) {
    GPtrArray *ordered = g_ptr_array_new();
    char **first = words;
    for (bool alone; *words && is_leading(root, *words, &alone); words += alone || !words[1] ? 1 : 2)
        ;
    /* Behind the words of the command, before what may be arguments after "--". */
    char **rest = words;
    for (const Command *command = root, *child; *rest && (child = command_child(command, *rest)); command = child)
        g_ptr_array_add(ordered, *rest++);
    for (; first < words; first++)
        g_ptr_array_add(ordered, *first);
    for (; *rest; rest++)
        g_ptr_array_add(ordered, *rest);
    g_ptr_array_add(ordered, NULL);
    return ordered;
}

int command_main(const Command *root, int argc, char **argv) {
    const Command *command = root;
    g_autoptr(GString) path = g_string_new(root->name);
    g_autoptr(GPtrArray) ordered = in_usual_order(root, argv + MIN(argc, 1));
    char **words = (char **)ordered->pdata;
    for (; command->children; words++) {
        const Command *child = *words ? command_child(command, *words) : NULL;
        if (!child && takes_words(command, *words))
            break;
        if (!child && (!*words || is_help(*words)))
            return show_help(command, path->str, words);
        if (!child)
            return unknown_command(command, path->str, *words);
        command = child;
        g_string_append_printf(path, " %s", child->name);
    }
    return run_leaf(root, command, path->str, words);
}
