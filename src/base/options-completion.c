/* Completion: what may stand in place of the last word of a line, from the command tables, and the
 * scripts by which bash, zsh and fish ask for it. */
#include "base/options-internal.h"
#include "base/text.h"

#include <string.h>

/* --- a line that is not finished ------------------------------------------------------------- */

typedef struct {
    const Command *root, *command;
    void *values;          /* of a command that can be run, as far as the line fills them; else NULL */
    const Option *pending; /* its value is the next word */
    guint arguments;
    bool options_ended;
    bool settled; /* no name of a command below this one can follow */
} Line;

/* What is wrong in a line is no matter here. */
static void set_value(const Line *line, const Option *option, const char *text) {
    option_set(option, line->values, text, NULL);
}

static void read_long(Line *line, const char *word) {
    size_t length = strcspn(word + 2, "=");
    const char *value = word[2 + length] ? word + 2 + length + 1 : NULL;
    const Option *option = option_find(line->command, word + 2, length);
    if (option && value)
        set_value(line, option, value);
    else if (option && option_is_switch(option))
        set_value(line, option, "true");
    else
        line->pending = option;
}

static void read_short(Line *line, const char *word) {
    const Option *option = option_by_letter(line->command, word[1]);
    if (!option || option_is_switch(option))
        return;
    if (word[2])
        set_value(line, option, word[2] == '=' ? word + 3 : word + 2);
    else
        line->pending = option;
}

static void line_clear(Line *line) {
    if (line->values)
        options_clear(line->command, line->values);
    g_clear_pointer(&line->values, g_free);
}

/* Whether the word is a command's name, or stands where only one may. */
static bool read_command(Line *line, const char *word) {
    const Command *child = line->settled ? NULL : command_child(line->command, word);
    line->settled = !child && line->command->run;
    if (!child)
        return !line->settled;
    line_clear(line);
    line->command = child;
    if (child->run) {
        line->values = g_malloc0(MAX(child->options_size, 1));
        options_defaults(child, line->values);
    }
    return true;
}

static void read_word(Line *line, const char *word) {
    if (line->pending)
        set_value(line, g_steal_pointer(&line->pending), word);
    else if (read_command(line, word))
        return;
    else if (line->options_ended || *word != '-' || !word[1])
        line->arguments++;
    else if (g_str_equal(word, "--"))
        line->options_ended = true;
    else if (word[1] == '-')
        read_long(line, word);
    else
        read_short(line, word);
}

/* --- what may come -------------------------------------------------------------------------------- */

typedef struct {
    GString *out;
    const char *current; /* what is there of the last word */
} Offer;

static void offer(const Offer *to, const char *head, const char *word, const char *description) {
    g_autofree char *whole = g_strconcat(head, word, NULL), *printable = text_printable(whole);
    if (!g_str_equal(whole, printable) || !g_str_has_prefix(whole, to->current))
        return; /* what a terminal obeys is offered to nobody */
    g_string_append(to->out, whole);
    if (description)
        g_string_append_printf(to->out, "\t%s", description);
    g_string_append_c(to->out, '\n');
}

static void offer_all(const Offer *to, const char *head, const char *const *words) {
    for (; words && *words; words++)
        offer(to, head, *words, NULL);
}

/* By the name of a source of words, as Option.complete. */
static void offer_source(const Line *line, const Offer *to, const char *head, const char *source) {
    if (g_str_equal(source, "file") || g_str_equal(source, "dir")) {
        g_string_append_printf(to->out, ":%s\n", source);
    } else if (*source && line->root->words) {
        g_auto(GStrv) words = line->root->words(source, line->values);
        offer_all(to, head, (const char *const *)words);
    }
}

/* `head`: what stands before the value in the same word, "--output=". */
static void offer_value(const Line *line, const Offer *to, const Option *option, const char *head) {
    static const char *const booleans[] = {"true", "false", NULL};
    const char *value = to->current + strlen(head), *comma = strrchr(value, ',');
    g_autofree char *before = option->kind == OPTION_LIST && comma
                                  ? g_strndup(to->current, (gsize)(comma + 1 - to->current))
                                  : g_strdup(head);
    if (option_is_switch(option))
        offer_all(to, head, booleans);
    else if (option->values)
        offer_all(to, before, option->values);
    else if (option->complete)
        offer_source(line, to, before, option->complete);
}

static void offer_options(const Line *line, const Offer *to) {
    const Option *option;
    for (size_t i = 0; (option = option_at(line->command, i)); i++)
        if (!option->hidden)
            offer(to, "--", option->name, option->help);
    offer(to, "--", "help", "Show what the command does.");
}

static void offer_argument(const Line *line, const Offer *to) {
    const Command *command = line->command;
    if (command->arguments_max >= 0 && line->arguments >= (guint)command->arguments_max)
        return;
    g_auto(GStrv) places = g_strsplit(command->complete ? command->complete : "", ",", -1);
    guint count = g_strv_length(places);
    if (count > 0)
        offer_source(line, to, "", places[MIN(line->arguments, count - 1)]);
    else if (command->arguments && strchr(command->arguments, '|')) { /* "bash|zsh|fish" */
        g_auto(GStrv) words = g_strsplit(command->arguments, "|", -1);
        offer_all(to, "", (const char *const *)words);
    }
}

static void offer_commands(const Line *line, const Offer *to) {
    const Command *const *child = line->settled ? NULL : line->command->children;
    for (; child && *child; child++)
        if (!(*child)->hidden)
            offer(to, "", (*child)->name, (*child)->summary);
}

static void offer_last(const Line *line, const Offer *to) {
    const char *current = to->current, *equals = strchr(current, '=');
    if (line->pending) {
        offer_value(line, to, line->pending, "");
    } else if (!line->command->run) {
        offer_commands(line, to);
    } else if (g_str_has_prefix(current, "--") && equals && !line->options_ended) {
        const Option *option = option_find(line->command, current + 2, (size_t)(equals - current - 2));
        g_autofree char *head = g_strndup(current, (gsize)(equals + 1 - current));
        if (option)
            offer_value(line, to, option, head);
    } else if (*current == '-' && !line->options_ended) {
        offer_options(line, to);
    } else {
        offer_commands(line, to);
        offer_argument(line, to);
    }
}

char *command_complete(const Command *root, char **words) {
    Line line = {.root = root, .command = root};
    Offer to = {.out = g_string_new(NULL), .current = ""};
    for (; *words && words[1]; words++)
        read_word(&line, *words);
    if (*words)
        to.current = *words;
    offer_last(&line, &to);
    line_clear(&line);
    return g_string_free(to.out, FALSE);
}

/* --- scripts: for a PROGRAM -------------------------------------------------------------------- */

/* Bash breaks words at = and : too; they are put together as typed, and taken off the answers again.
 * An answer is quoted, never expanded: names come from outside. */
static const char bash_template[] =
    "# bash completion of PROGRAM; put this where bash-completion finds it, or: source <(PROGRAM completion bash)\n"
    "_PROGRAM_complete() {\n"
    "    local rest=${COMP_LINE:0:COMP_POINT} before raw= word line i\n"
    "    local -a words=()\n"
    "    for ((i = 0; i <= COMP_CWORD; i++)); do\n"
    "        raw=${COMP_WORDS[i]}\n"
    "        before=${rest%%[![:space:]]*}\n"
    "        rest=${rest#\"$before\"}\n"
    "        ((i < COMP_CWORD)) || raw=$rest\n"
    "        rest=${rest#\"$raw\"}\n"
    "        if ((i == 0)) || [ -n \"$before\" ]; then words+=(\"$raw\"); else words[-1]+=$raw; fi\n"
    "    done\n"
    "    for i in \"${!words[@]}\"; do\n"
    "        word=${words[i]//[\\\"\\']/}\n"
    "        words[i]=${word//\\\\/}\n"
    "    done\n"
    "    word=${words[-1]}\n"
    "    case $raw in *[=:]) raw= ;; esac\n"
    "    before=${word%\"${raw//[\\\"\\'\\\\]/}\"}\n"
    "    COMPREPLY=()\n"
    "    while IFS= read -r line; do\n"
    "        case $line in\n"
    "            :file) compopt -o default ;;\n"
    "            :dir) compopt -o dirnames ;;\n"
    "            *)\n"
    "                line=${line%%$'\\t'*}\n"
    "                printf -v line %q \"${line#\"$before\"}\"\n"
    "                COMPREPLY+=(\"$line\")\n"
    "                ;;\n"
    "        esac\n"
    "    done < <(PROGRAM __complete -- \"${words[@]:1}\" 2>/dev/null)\n"
    "}\n"
    "complete -F _PROGRAM_complete PROGRAM\n";

static const char zsh_template[] =
    "#compdef PROGRAM\n"
    "# zsh completion of PROGRAM; put this into a folder of $fpath as _PROGRAM, or: source <(PROGRAM "
    "completion zsh)\n"
    "_PROGRAM() {\n"
    "    local line\n"
    "    local -a names shown\n"
    "    while IFS= read -r line; do\n"
    "        case $line in\n"
    "            :file) compset -P '--*='; _files ;;\n"
    "            :dir) compset -P '--*='; _files -/ ;;\n"
    "            *)\n"
    "                names+=(\"${line%%$'\\t'*}\")\n"
    "                shown+=(\"${line/$'\\t'/  -- }\")\n"
    "                ;;\n"
    "        esac\n"
    "    done < <(PROGRAM __complete -- \"${(@Q)words[2,CURRENT-1]}\" \"${(Q)PREFIX}\" "
    "2>/dev/null)\n"
    "    (( $#names )) && compadd -l -d shown -a names\n"
    "}\n"
    "if [[ ${funcstack[1]} == _PROGRAM ]]; then _PROGRAM \"$@\"; else compdef _PROGRAM PROGRAM; fi\n";

static const char fish_template[] =
    "# fish completion of PROGRAM; put this into ~/.config/fish/completions, or: PROGRAM completion fish | source\n"
    "function __PROGRAM_complete\n"
    "    set -l words (commandline -opc | string unescape)\n"
    "    set -l current (commandline -ct | string unescape)\n"
    "    test -n \"$current\"; or set current ''\n"
    "    for line in (PROGRAM __complete -- $words[2..] $current 2>/dev/null)\n"
    "        switch $line\n"
    "            case ':file' ':dir'\n"
    "                set -l head (string match -r -- '^--[^=]*=' $current)\n"
    "                set -l place (string replace -r -- '^--[^=]*=' '' $current)\n"
    "                for path in (__fish_complete_path $place)\n"
    "                    printf '%s%s\\n' \"$head\" $path\n"
    "                end\n"
    "            case '*'\n"
    "                printf '%s\\n' $line\n"
    "        end\n"
    "    end\n"
    "end\n"
    "complete -c PROGRAM -f -a '(__PROGRAM_complete)'\n";

char *command_completion(const Command *root, const char *shell, GError **error) {
    static const char *const shells[] = {"bash", "zsh", "fish", NULL};
    static const char *const templates[] = {bash_template, zsh_template, fish_template};
    for (size_t i = 0; shells[i]; i++) {
        if (!g_str_equal(shell, shells[i]))
            continue;
        g_auto(GStrv) parts = g_strsplit(templates[i], "PROGRAM", -1);
        return g_strjoinv(root->name, parts);
    }
    g_autofree char *hint = text_did_you_mean(text_nearest(shell, shells));
    g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "no completion for \"%s\": bash, zsh and fish are known%s", shell,
                hint);
    return NULL;
}
