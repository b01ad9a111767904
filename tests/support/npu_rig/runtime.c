/* Ascend's runtime for the rig: one device, whose memory is the host's and which computes nothing
   by itself. Operations are computed by host_device.py, which also replays what a graph captured;
   here is what torch_npu must find while it captures. All other functions return 0. */
#include <stdlib.h>
#include <string.h>

enum { MAX_TASKS = 4096, ALIGNMENT = 512, PLENTY = 1 << 30 };

/* Read and written by host_device.py. */
int rig_capturing, rig_graphs;          /* number of the graph being captured, and how many there were */
int rig_group, rig_updating, rig_tasks; /* number of the task being captured or updated */
int rig_refuse;                         /* 1: captures fail as where streams run out */
void (*rig_execute)(int graph);
static void *captured_stream;

static void *new_handle(void) {
    return calloc(1, 64); /* never freed: handles of the rig live as long as its process */
}

static int allocate(void **memory, unsigned long bytes) {
    *memory = aligned_alloc(ALIGNMENT, (bytes / ALIGNMENT + 1) * ALIGNMENT);
    return *memory == 0;
}

int aclrtGetDeviceCount(unsigned *count) { *count = 1; return 0; }
int aclrtGetDevice(int *device) { *device = 0; return 0; }
const char *aclrtGetSocName(void) { return "Ascend910B1"; }
const char *aclGetRecentErrMsg(void) { return ""; }
void aclAppLog(void) {}
unsigned long MsprofGetHashId(void) { return 0; }
unsigned long aclGetCompileoptSize(int option) { return 2; }
int aclGetCompileopt(int option, char *value, unsigned long bytes) { strcpy(value, "0"); return 0; }

int aclrtGetCurrentContext(void **context) { *context = new_handle(); return 0; }
int aclrtCreateStream(void **stream) { *stream = new_handle(); return 0; }
int aclrtCreateStreamWithConfig(void **stream, unsigned priority, unsigned flag) {
    *stream = new_handle();
    return 0;
}
int aclrtCreateEvent(void **event) { *event = new_handle(); return 0; }
int aclrtCreateEventWithFlag(void **event, unsigned flag) { *event = new_handle(); return 0; }
int aclrtCreateEventExWithFlag(void **event, unsigned flag) { *event = new_handle(); return 0; }
int aclrtStreamQuery(void *stream, int *status) { *status = 0; return 0; }
int aclrtQueryEventStatus(void *event, int *status) { *status = 1; return 0; }
int aclrtQueryEventWaitStatus(void *event, int *status) { *status = 1; return 0; }

int aclrtMalloc(void **memory, unsigned long bytes, int policy) { return allocate(memory, bytes); }
int aclrtMallocAlign32(void **memory, unsigned long bytes, int policy) {
    return allocate(memory, bytes);
}
int aclrtMallocHost(void **memory, unsigned long bytes) { return allocate(memory, bytes); }
int aclrtMallocHostWithCfg(void **memory, unsigned long bytes, void *config) {
    return allocate(memory, bytes);
}
/* Nothing is freed, so that a stale address in a graph gives wrong numbers, not a crash. */
int aclrtFree(void *memory) { return 0; }
int aclrtFreeHost(void *memory) { return 0; }
int aclrtGetMemInfo(int kind, unsigned long *unused, unsigned long *total) {
    *unused = *total = 16ul * PLENTY;
    return 0;
}
int aclrtMemcpy(void *to, unsigned long room, const void *from, unsigned long bytes, int kind) {
    memcpy(to, from, bytes);
    return 0;
}
int aclrtMemcpyAsync(
    void *to, unsigned long room, const void *from, unsigned long bytes, int kind, void *stream) {
    if (rig_capturing) return 107030; /* copies are no part of our steps */
    memcpy(to, from, bytes);
    return 0;
}
int aclrtMemset(void *to, unsigned long room, int value, unsigned long bytes) {
    memset(to, value, bytes);
    return 0;
}

int aclmdlRICaptureBegin(void *stream, int mode) {
    if (rig_refuse) return 207008; /* no stream left */
    captured_stream = stream;
    rig_capturing = ++rig_graphs;
    return 0;
}
int aclmdlRICaptureGetInfo(void *stream, int *status, void **graph) {
    *status = rig_capturing && stream == captured_stream; /* none or active */
    *graph = (void *)(long)rig_capturing;
    return 0;
}
int aclmdlRICaptureEnd(void *stream, void **graph) {
    *graph = (void *)(long)rig_capturing;
    rig_capturing = 0;
    return 0;
}
int aclmdlRIExecuteAsync(void *graph, void *stream) {
    rig_execute((int)(long)graph);
    return 0;
}
int aclmdlRICaptureTaskGrpBegin(void *stream) { rig_group = ++rig_tasks; return 0; }
int aclmdlRICaptureTaskGrpEnd(void *stream, void **task) {
    *task = (void *)(long)rig_group;
    rig_group = 0;
    return 0;
}
int aclmdlRICaptureTaskUpdateBegin(void *stream, void *task) {
    rig_updating = (int)(long)task;
    return 0;
}
int aclmdlRICaptureTaskUpdateEnd(void *stream) { rig_updating = 0; return 0; }
