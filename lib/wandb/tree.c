/* SPDX-License-Identifier: MIT */
/*
 * tree - nodes that are found by key, and kept when they become empty
 *
 * What is taken away stays as an absent node, so that the next row with the
 * same keys finds its memory again; tree_clear() frees nodes that few rows use.
 */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "wandb/keys.h"
#include "wandb/tree.h"

enum kind { ABSENT, LEAF, BRANCH };

struct node {
	enum kind kind;
	size_t live;        /* children that are not absent */
	struct keys keys;   /* of the children, */
	struct node *child; /* which stand here by number */
	size_t room;
	struct buf text; /* of a leaf */
};

struct tree {
	struct node root;  /* always a branch */
	size_t nodes;      /* below it, absent ones too */
	size_t live;       /* of these, not absent */
	struct span *path; /* tree_merge()'s */
	size_t path_room;
};

enum { SPARE = 256 }; /* so many absent nodes are kept anyway */

struct tree *
tree_new(void)
{
	struct tree *tree = xcalloc(1, sizeof(*tree));

	tree->root.kind = BRANCH;
	return tree;
}

static void
node_release(struct node *node)
{
	size_t i;

	for (i = 0; i < node->keys.count; i++)
		node_release(&node->child[i]);
	free(node->child);
	keys_release(&node->keys);
	buf_release(&node->text);
}

void
tree_free(struct tree *tree)
{
	if (!tree)
		return;
	node_release(&tree->root);
	free(tree->path);
	free(tree);
}

/* Makes everything below a node absent. */
static void
node_empty(struct tree *tree, struct node *node)
{
	struct node *child;

	for (child = node->child; node->live > 0; child++) {
		if (child->kind == ABSENT)
			continue;
		node_empty(tree, child);
		child->kind = ABSENT;
		node->live--;
		tree->live--;
	}
}

void
tree_clear(struct tree *tree)
{
	if (tree->nodes > SPARE + 4 * tree->live) {
		node_release(&tree->root);
		tree->root = (struct node){ .kind = BRANCH };
		tree->nodes = tree->live = 0;
	} else {
		node_empty(tree, &tree->root);
	}
}

bool
tree_is_empty(const struct tree *tree)
{
	return tree->root.live == 0;
}

/* The child of that key as kind, made of whatever was there. */
static struct node *
child_as(struct tree *tree, struct node *node, struct span key, enum kind kind)
{
	size_t before = node->keys.count;
	size_t number = keys_add(&node->keys, key);
	struct node *child;

	if (number == before) {
		if (number == node->room) {
			node->room = node->room == 0 ? 4 : node->room * 2;
			node->child = xreallocarray(
			    node->child, node->room, sizeof(*node->child));
		}
		node->child[number] = (struct node){ .kind = ABSENT };
		tree->nodes++;
	}
	child = &node->child[number];
	if (child->kind == ABSENT) {
		node->live++;
		tree->live++;
	} else if (child->kind == BRANCH && kind == LEAF) {
		node_empty(tree, child);
	}
	child->kind = kind;
	return child;
}

/* Sets the leaf at path to text that was checked. */
static void
put(struct tree *tree, const struct span *path, size_t depth, struct span text)
{
	struct node *node = &tree->root;
	size_t i;

	for (i = 0; i + 1 < depth; i++)
		node = child_as(tree, node, path[i], BRANCH);
	node = child_as(tree, node, path[i], LEAF);
	buf_clear(&node->text);
	buf_add(&node->text, text.at, text.len);
}

static bool
is_leaf(struct span json, size_t depth, struct json_value *value)
{
	struct json_fault fault;

	return depth > 0 && depth <= JSON_DEPTH &&
	    json_value(json, JSON_WORDS, value, &fault);
}

bool
tree_put(
    struct tree *tree, const struct span *path, size_t depth, struct span json)
{
	struct json_value value;

	if (!is_leaf(json, depth, &value))
		return false;
	put(tree, path, depth, value.text);
	return true;
}

static void
path_reserve(struct tree *tree, size_t depth)
{
	if (depth <= tree->path_room)
		return;
	tree->path_room = depth + 16;
	tree->path =
	    xreallocarray(tree->path, tree->path_room, sizeof(*tree->path));
}

/*
 * Puts the leaves of an object, which was checked, below the first depth
 * elements of tree->path. It recurses as deep as JSON nests: JSON_DEPTH.
 */
static void
merge(struct tree *tree, size_t depth, struct span object)
{
	struct json_walk walk;
	struct json_member member;
	struct buf key = { 0 };

	path_reserve(tree, depth + 1);
	json_walk(&walk, object, JSON_WORDS);
	while (json_next(&walk, &member)) {
		tree->path[depth] = member.key;
		if (member.key_escaped) {
			buf_clear(&key);
			json_decode(&key, member.key);
			tree->path[depth] = (struct span){ key.at, key.len };
		}
		if (member.value.type == JSON_OBJECT)
			merge(tree, depth + 1, member.value.text);
		else
			put(tree, tree->path, depth + 1, member.value.text);
	}
	buf_release(&key);
}

bool
tree_merge(
    struct tree *tree, const struct span *path, size_t depth, struct span json)
{
	struct json_value value;

	if (!is_leaf(json, depth, &value))
		return false;
	if (value.type != JSON_OBJECT) {
		put(tree, path, depth, value.text);
		return true;
	}
	path_reserve(tree, depth);
	memcpy(tree->path, path, depth * sizeof(*path));
	merge(tree, depth, value.text);
	return true;
}

static struct node *
find(const struct node *node, struct span key)
{
	size_t number = keys_find(&node->keys, key);

	return number == node->keys.count ? NULL : &node->child[number];
}

/* It recurses as deep as the tree is, however long the path. */
static void
take_away(
    struct tree *tree, struct node *node, const struct span *path, size_t depth)
{
	struct node *child = find(node, path[0]);

	if (!child || child->kind == ABSENT)
		return;
	if (depth == 1)
		node_empty(tree, child);
	else if (child->kind == BRANCH)
		take_away(tree, child, path + 1, depth - 1);
	else
		return;
	if (child->live > 0)
		return;
	child->kind = ABSENT;
	node->live--;
	tree->live--;
}

void
tree_remove(struct tree *tree, const struct span *path, size_t depth)
{
	if (depth > 0)
		take_away(tree, &tree->root, path, depth);
}

/* The node at path, unless nothing is there. */
static const struct node *
node_at(const struct tree *tree, const struct span *path, size_t depth)
{
	const struct node *node = &tree->root;
	size_t i;

	for (i = 0; node && node->kind == BRANCH && i < depth; i++)
		node = find(node, path[i]);
	return i < depth || (node && node->kind == ABSENT) ? NULL : node;
}

bool
tree_has(const struct tree *tree, const struct span *path, size_t depth)
{
	return node_at(tree, path, depth) != NULL;
}

struct span
tree_leaf(const struct tree *tree, const struct span *path, size_t depth)
{
	const struct node *node = node_at(tree, path, depth);

	if (!node || node->kind != LEAF)
		return (struct span){ NULL, 0 };
	return (struct span){ node->text.at, node->text.len };
}

static void
node_write(const struct node *node, struct buf *out)
{
	size_t i, left = node->live;

	if (node->kind == LEAF) {
		buf_add(out, node->text.at, node->text.len);
		return;
	}
	buf_addc(out, '{');
	for (i = 0; left > 0; i++) {
		if (node->child[i].kind == ABSENT)
			continue;
		json_quote(out, keys_at(&node->keys, i));
		buf_addc(out, ':');
		node_write(&node->child[i], out);
		if (--left > 0)
			buf_addc(out, ',');
	}
	buf_addc(out, '}');
}

void
tree_write(const struct tree *tree, struct buf *out)
{
	node_write(&tree->root, out);
}

void
tree_each(const struct tree *tree,
    void (*visit)(void *context, struct span key, struct span json),
    void *context)
{
	const struct node *root = &tree->root;
	struct buf text = { 0 };
	size_t i;

	for (i = 0; i < root->keys.count; i++) {
		if (root->child[i].kind == ABSENT)
			continue;
		buf_clear(&text);
		node_write(&root->child[i], &text);
		visit(context, keys_at(&root->keys, i),
		    (struct span){ text.at, text.len });
	}
	buf_release(&text);
}
