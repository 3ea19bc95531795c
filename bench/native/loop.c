/*
 * loop: the floor that the kernel sets for a fan-out: one thread, epoll, and one
 * write() for each subscriber with what a burst comes to.
 *
 *     loop PORT CONTROL
 *
 * Subscribers connect to PORT by WebSocket, the path names the channel. Bursts come on
 * CONTROL as bench/src/servers/Control.ts says. The frames are those of
 * bench/src/servers/Envelope.ts. Whoever cannot take all of a burst at once has the
 * rest kept for him, so that nothing is lost; no bound, no policy.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST_FDS 65536
#define NAME_BYTES 256
/* A power of two: a hash table with open addressing, never full. */
#define MOST_CHANNELS 4096
#define BUFFER_BYTES (1 << 20)

enum kind { NONE, SUBSCRIBER_DOOR, CONTROL_DOOR, SUBSCRIBER, CONTROL };

struct channel {
  char name[NAME_BYTES];
  int *subscribers;
  int count, room;
};

struct connection {
  enum kind kind;
  struct channel *channel;
  /* Of a request or of a burst, as far as it has come. */
  char *in;
  size_t in_length;
  /* What the kernel did not take. */
  char *out;
  size_t out_length;
};

static struct connection connections[MOST_FDS];
static struct channel channels[MOST_CHANNELS];
static int poll_fd;
static uint64_t offset = 0;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static struct channel *channel_named(const char *name) {
  uint32_t hash = 2166136261u;
  for (const char *p = name; *p != 0; p++) hash = (hash ^ (unsigned char)*p) * 16777619u;
  struct channel *it;
  for (;; hash++) {
    it = &channels[hash % MOST_CHANNELS];
    if (it->name[0] == 0) strcpy(it->name, name);
    if (strcmp(it->name, name) == 0) return it;
  }
}

static void subscribe(int fd, struct channel *it) {
  if (it->count == it->room) {
    it->room = it->room == 0 ? 16 : 2 * it->room;
    it->subscribers = realloc(it->subscribers, (size_t)it->room * sizeof(int));
    if (it->subscribers == NULL) die("realloc");
  }
  it->subscribers[it->count++] = fd;
  connections[fd].channel = it;
}

static void unsubscribe(int fd) {
  struct channel *it = connections[fd].channel;
  if (it == NULL) return;
  for (int i = 0; i < it->count; i++)
    if (it->subscribers[i] == fd) it->subscribers[i--] = it->subscribers[--it->count];
}

/* SHA-1 (RFC 3174), which the handshake needs once for each connection. */
static uint32_t rotate(uint32_t x, int n) { return (x << n) | (x >> (32 - n)); }

static void sha1_block(uint32_t h[5], const unsigned char *p) {
  uint32_t w[80];
  for (int i = 0; i < 16; i++)
    w[i] = (uint32_t)p[4 * i] << 24 | p[4 * i + 1] << 16 | p[4 * i + 2] << 8 | p[4 * i + 3];
  for (int i = 16; i < 80; i++) w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
  for (int i = 0; i < 80; i++) {
    uint32_t f, k;
    if (i < 20) f = (b & c) | (~b & d), k = 0x5a827999;
    else if (i < 40) f = b ^ c ^ d, k = 0x6ed9eba1;
    else if (i < 60) f = (b & c) | (b & d) | (c & d), k = 0x8f1bbcdc;
    else f = b ^ c ^ d, k = 0xca62c1d6;
    uint32_t next = rotate(a, 5) + f + e + k + w[i];
    e = d, d = c, c = rotate(b, 30), b = a, a = next;
  }
  h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
}

/* Of at most 119 bytes. */
static void sha1(const char *text, size_t length, unsigned char digest[20]) {
  uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  unsigned char blocks[128] = {0};
  size_t size = length < 56 ? 64 : 128;
  memcpy(blocks, text, length);
  blocks[length] = 0x80;
  for (int i = 0; i < 8; i++) blocks[size - 1 - i] = (unsigned char)((uint64_t)length * 8 >> (8 * i));
  for (size_t at = 0; at < size; at += 64) sha1_block(h, blocks + at);
  for (int i = 0; i < 20; i++) digest[i] = (unsigned char)(h[i / 4] >> (24 - 8 * (i % 4)));
}

static void base64_of_20(const unsigned char *bytes, char *text) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int i = 0; i < 20; i += 3) {
    uint32_t group = (uint32_t)bytes[i] << 16 | bytes[i + 1] << 8 | (i + 2 < 20 ? bytes[i + 2] : 0);
    *text++ = letters[group >> 18];
    *text++ = letters[group >> 12 & 63];
    *text++ = letters[group >> 6 & 63];
    *text++ = i + 2 < 20 ? letters[group & 63] : '=';
  }
  *text = 0;
}

static void watch(int fd, uint32_t events, int operation) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  if (epoll_ctl(poll_fd, operation, fd, &event) < 0) die("epoll_ctl");
}

static void forget(int fd) {
  struct connection *it = &connections[fd];
  unsubscribe(fd);
  free(it->in);
  free(it->out);
  memset(it, 0, sizeof *it);
  close(fd);
}

/* Keeps what the kernel does not take, and goes on when there is room. */
static void send_bytes(int fd, const char *bytes, size_t length) {
  struct connection *it = &connections[fd];
  size_t sent = 0;
  if (it->out_length == 0) {
    ssize_t n = write(fd, bytes, length);
    if (n == (ssize_t)length) return;
    if (n < 0 && errno != EAGAIN) return;
    if (n > 0) sent = (size_t)n;
    watch(fd, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
  }
  it->out = realloc(it->out, it->out_length + length - sent);
  if (it->out == NULL) die("realloc");
  memcpy(it->out + it->out_length, bytes + sent, length - sent);
  it->out_length += length - sent;
}

static void send_rest(int fd) {
  struct connection *it = &connections[fd];
  ssize_t n = write(fd, it->out, it->out_length);
  if (n < 0) return;
  memmove(it->out, it->out + n, it->out_length - (size_t)n);
  it->out_length -= (size_t)n;
  if (it->out_length == 0) watch(fd, EPOLLIN, EPOLL_CTL_MOD);
}

static uint64_t now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

/* A text frame with Weir's envelope around the payload; returns where it ends. */
static char *put_frame(char *at, const char *channel, const char *payload, size_t length) {
  char head[2 * NAME_BYTES];
  unsigned long long now = now_ms();
  int head_length = snprintf(
      head, sizeof head,
      "{\"type\":\"publication\",\"ts\":%llu,\"payload\":{\"channel\":\"%s\",\"position\":"
      "{\"epoch\":\"6kctvl19\",\"term\":3677058658368073,\"offset\":%llu},\"publisher\":\"dev-key\","
      "\"publishedAt\":%llu,\"data\":",
      now, channel, (unsigned long long)++offset, now);
  size_t size = (size_t)head_length + length + 2;
  *at++ = (char)0x81;
  if (size < 126) {
    *at++ = (char)size;
  } else {
    *at++ = 126;
    *at++ = (char)(size >> 8);
    *at++ = (char)size;
  }
  memcpy(at, head, (size_t)head_length);
  memcpy(at + head_length, payload, length);
  memcpy(at + head_length + length, "}}", 2);
  return at + size;
}

static void publish(const unsigned char *burst, size_t length) {
  static char frames[4 * BUFFER_BYTES];
  char name[NAME_BYTES];
  memcpy(name, burst + 1, burst[0]);
  name[burst[0]] = 0;
  struct channel *channel = channel_named(name);
  char *end = frames;
  size_t at = 1 + burst[0];
  while (at < length) {
    size_t size = (size_t)burst[at] << 8 | burst[at + 1];
    end = put_frame(end, name, (const char *)burst + at + 2, size);
    at += 2 + size;
  }
  for (int i = 0; i < channel->count; i++)
    send_bytes(channel->subscribers[i], frames, (size_t)(end - frames));
}

static void on_control(int fd) {
  struct connection *it = &connections[fd];
  size_t at = 0;
  while (at + 4 <= it->in_length) {
    const unsigned char *p = (const unsigned char *)it->in + at;
    size_t size = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
    if (at + 4 + size > it->in_length) break;
    publish(p + 4, size);
    at += 4 + size;
  }
  memmove(it->in, it->in + at, it->in_length - at);
  it->in_length -= at;
}

static int hex(char c) { return c <= '9' ? c - '0' : (c | 32) - 'a' + 10; }

/* The path, without its slash; `%3A` is a colon. */
static void read_channel(const char *path, char *channel) {
  char *end = channel + NAME_BYTES - 1;
  for (path++; *path != ' ' && *path != 0 && channel < end; path++) {
    if (*path == '%' && path[1] != 0 && path[2] != 0) {
      *channel++ = (char)(hex(path[1]) << 4 | hex(path[2]));
      path += 2;
    } else {
      *channel++ = *path;
    }
  }
  *channel = 0;
}

static void on_subscriber(int fd) {
  struct connection *it = &connections[fd];
  it->in[it->in_length] = 0;
  if (strstr(it->in, "\r\n\r\n") == NULL) return;
  char *path = strchr(it->in, '/');
  char *key = strcasestr(it->in, "sec-websocket-key:");
  if (path == NULL || key == NULL) return forget(fd);
  key += strlen("sec-websocket-key:");
  while (*key == ' ') key++;
  char seed[128], accept[32], answer[256];
  unsigned char digest[20];
  int length = (int)strcspn(key, "\r\n ");
  int size = snprintf(seed, sizeof seed, "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
                      length < 64 ? length : 64, key);
  sha1(seed, (size_t)size, digest);
  base64_of_20(digest, accept);
  size = snprintf(answer, sizeof answer,
                  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                  "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                  accept);
  char name[NAME_BYTES];
  read_channel(path, name);
  free(it->in);
  it->in = NULL;
  it->in_length = 0;
  subscribe(fd, channel_named(name));
  send_bytes(fd, answer, (size_t)size);
}

static void on_readable(int fd) {
  struct connection *it = &connections[fd];
  static char passed_over[4096];
  /* Subscribers say nothing that matters. */
  if (it->channel != NULL) {
    ssize_t n = read(fd, passed_over, sizeof passed_over);
    if (n == 0 || (n < 0 && errno != EAGAIN)) forget(fd);
    return;
  }
  size_t room = it->kind == CONTROL ? BUFFER_BYTES : 4096;
  if (it->in == NULL) it->in = malloc(room);
  if (it->in == NULL) die("malloc");
  /* One byte is left for the end of a string. */
  ssize_t n = read(fd, it->in + it->in_length, room - 1 - it->in_length);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) return forget(fd);
  it->in_length += (size_t)n;
  if (it->kind == CONTROL) on_control(fd);
  else on_subscriber(fd);
}

static void accept_all(int door, enum kind kind) {
  int fd;
  while ((fd = accept4(door, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    int on = 1;
    if (fd >= MOST_FDS) die("too many connections");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connections[fd].kind = kind;
    watch(fd, EPOLLIN, EPOLL_CTL_ADD);
  }
}

static void listen_on(int port, enum kind kind) {
  int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) die("bind");
  if (listen(fd, 4096) < 0) die("listen");
  connections[fd].kind = kind;
  watch(fd, EPOLLIN, EPOLL_CTL_ADD);
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "loop PORT CONTROL\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  poll_fd = epoll_create1(0);
  listen_on(atoi(argv[1]), SUBSCRIBER_DOOR);
  listen_on(atoi(argv[2]), CONTROL_DOOR);
  printf("{\"ready\":true,\"version\":\"%s\"}\n", __VERSION__);
  fflush(stdout);
  static struct epoll_event events[1024];
  for (;;) {
    int count = epoll_wait(poll_fd, events, 1024, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      switch (connections[fd].kind) {
        case SUBSCRIBER_DOOR: accept_all(fd, SUBSCRIBER); break;
        case CONTROL_DOOR: accept_all(fd, CONTROL); break;
        case SUBSCRIBER:
        case CONTROL:
          if (events[i].events & EPOLLOUT) send_rest(fd);
          if (connections[fd].kind != NONE && (events[i].events & ~(uint32_t)EPOLLOUT)) on_readable(fd);
          break;
        case NONE: break;
      }
    }
  }
}
