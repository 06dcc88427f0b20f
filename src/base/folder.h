/* A folder's files in order, for reading what others wrote: no symbolic link is followed, nothing but regular files is
 * opened, and depth and number are bounded. */
#pragma once

#include "base/limit.h"

#include <sys/types.h>

enum { FOLDER_DEPTH_MAX = 64 };

/* Opens the folder itself, which may be reached by links: a descriptor, or -1. */
int folder_open(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
    const char *path;      /* from the folder that the walk began at */
    const char *name;      /* its last part */
    mode_t mode;           /* S_ISREG(), S_ISDIR(), ... */
    guint64 size;          /* of a regular file */
    int parent;            /* the folder it stands in, open during the call */
    const GError *failure; /* why it cannot be looked into: a folder that is unreadable or too deep, ... */
} FolderEntry;

/* Called for everything below, a folder before what it holds. Return false with an error to stop with it, or without
 * one to stop. */
typedef bool (*FolderFunc)(const FolderEntry *entry, void *data, GError **error);

/* Walks `below` (a path without ".."; "": all) in the open folder; names in the order of their bytes. What is not there
 * is empty. Of limits (NULL: the default ones) entries and path_length count: what is past them is told of as a failure
 * of the folder that it stands in. false with an error, or where `func` stopped. */
bool folder_walk(int folder, const char *below, const Limits *limits, FolderFunc func, void *data, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The path that a link at `path` (both below one folder) leads to, without "." and ""; NULL where that may be outside
 * the folder: an absolute target, one with more ".." than folders, or with ".." behind a name, which may be a link
 * itself. Where all links in a folder pass, none leads out. g_free() it. */
char *folder_link_path(const char *path, const char *target);

/* folder_open_file() that follows links whose folder_link_path() is inside. `own`, which may be NULL, is the folder's
 * own absolute path: a target that begins with it is inside, too. */
int folder_open_inside(int folder, const char *own, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Opens a regular file at a path below an open folder: a descriptor, or -1 with NOT_FOUND, INVALID (no regular file, or
 * a link on the way, or a path that leads out), ... Errors name `path`. */
int folder_open_file(int folder, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
