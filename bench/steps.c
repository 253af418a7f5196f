/*
 * Counts the instructions that a program executes in user mode, by stepping
 * through it. Slow, but the program runs on the real processor, while valgrind
 * shows it one without SHA extensions.
 *
 *   steps PROGRAM ARGUMENT...     prints the number on standard error
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    unsigned long long steps = 0;
    int status;
    pid_t child;

    if (argc < 2)
        return 2;
    child = fork();
    if (child < 0)
        return 1;
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        execvp(argv[1], argv + 1);
        _exit(127);
    }
    while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
        int signal = WSTOPSIG(status) == 5 ? 0 : WSTOPSIG(status);

        if (ptrace(PTRACE_SINGLESTEP, child, NULL, (void *) (long) signal))
            break;
        steps++;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return 1;
    fprintf(stderr, "%llu\n", steps);
    return 0;
}
