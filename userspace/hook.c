// SPDX-License-Identifier: GPL-2.0-only
/*
 * See hook.h. The word of a program counts for the question that it was started for, and no other: what
 * is asked after a cut is about data of then. If we are ended while a program runs, who comes after us runs it again for what
 * still waits; if nobody does, the kernel refuses when the time is over.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "hook.h"

static const char *program;

static struct hook {
	struct hook *next;
	char name[DM_TEXT];	/* of the volume */
	u64 dev, question;
	pid_t pid;
} *running;

int hook_use(const char *path)
{
	program = path;
	if (!path)
		return CLI_OK;
	if (access(path, X_OK))
		return cli_error(CLI_USAGE, path, "%s", strerror(errno));
	signal(SIGCHLD, SIG_DFL);	/* ignored, as it may be inherited, nobody would learn the exit status */
	return CLI_OK;
}

static bool is_running(const char *name)
{
	const struct hook *h;

	for (h = running; h; h = h->next)
		if (!strcmp(h->name, name))
			return true;
	return false;
}

/* What it prints goes where our errors go: our output is lines of events. */
static void exec_program(const char *name)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	execl(program, program, name, "before-target", (char *)NULL);
	cli_error(0, program, "%s", strerror(errno));
	_exit(127);
}

static void start(const struct online *o)
{
	const char *name = o->vol.name;
	struct hook *h = calloc(1, sizeof(*h));

	if (!h) {
		cli_error(0, name, "no memory");
		return;
	}
	snprintf(h->name, sizeof(h->name), "%s", name);
	h->dev = o->vol.dev;
	h->question = o->st.question;
	h->pid = fork();
	if (!h->pid)
		exec_program(name);
	if (h->pid < 0) {	/* tried again at the next look */
		cli_error(0, program, "%s", strerror(errno));
		free(h);
		return;
	}
	h->next = running;
	running = h;
}

void hook_look(const struct online *o)
{
	if (program && o->st.preparing == MS_PREPARING && !is_running(o->vol.name))
		start(o);
}

static bool is_asked(const struct online *o, const struct hook *h)
{
	return o->vol.dev == h->dev && o->st.preparing == MS_PREPARING && o->st.question == h->question;
}

/* For what is asked now instead the next look starts it again. */
static void send_word(const struct hook *h, int status)
{
	bool go = WIFEXITED(status) && !WEXITSTATUS(status);
	struct online o = { .vol.name = "" };
	char message[64];

	if (WIFSIGNALED(status))
		cli_error(0, h->name, "%s: ended by signal %d: refused", program, WTERMSIG(status));
	else if (!go)
		cli_error(0, h->name, "%s: exit status %d: refused", program, WEXITSTATUS(status));
	if (online_open(&o, h->name))
		return;
	snprintf(message, sizeof(message), "%s %llu", go ? "go" : "refuse", (unsigned long long)h->question);
	if (is_asked(&o, h))
		online_message(&o, message);
	else
		cli_error(0, h->name, "what %s has prepared is not asked for any more", program);
	online_close(&o);
}

void hook_reap(void)
{
	struct hook **at = &running, *h;
	int status;

	while ((h = *at)) {
		if (waitpid(h->pid, &status, WNOHANG) != h->pid) {
			at = &h->next;
			continue;
		}
		*at = h->next;
		send_word(h, status);
		free(h);
	}
}
