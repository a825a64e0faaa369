/* replay.c - main() for a fuzz target without libFuzzer: runs it over every file named, or found in a folder named. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len);

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	long len;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (len = ftell(file)) < 0 || fseek(file, 0, SEEK_SET) != 0) {
		perror(path);
		return 1;
	}
	/* An exact allocation, so that a sanitizer sees one octet read too far. */
	uint8_t *bytes = malloc(len > 0 ? (size_t)len : 1);
	size_t have = bytes != NULL ? fread(bytes, 1, (size_t)len, file) : 0;
	(void)fclose(file);
	if (bytes == NULL || have != (size_t)len) {
		free(bytes);
		return 1;
	}
	(void)LLVMFuzzerTestOneInput(bytes, have);
	free(bytes);
	return 0;
}

static int replay_folder(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int bad = 0;
	int files = 0;

	if (dir == NULL) {
		perror(path);
		return 1;
	}
	while ((entry = readdir(dir)) != NULL) {
		char name[4096];
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		bad |= replay_file(name);
		files++;
	}
	(void)closedir(dir);
	if (files == 0)
		(void)fprintf(stderr, "%s: no seeds\n", path);
	return bad | (files == 0);
}

int main(int argc, char **argv)
{
	int bad = argc < 2;

	for (int i = 1; i < argc; i++) {
		struct stat st;
		if (stat(argv[i], &st) != 0) {
			perror(argv[i]);
			return 1;
		}
		bad |= S_ISDIR(st.st_mode) ? replay_folder(argv[i]) : replay_file(argv[i]);
	}
	return bad;
}
