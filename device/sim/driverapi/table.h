/* A function of the simulated driver, and the name under which libcuda exports it. */
typedef struct {
	const char *name;
	void *function;
} sim_function;

sim_function *sim_table(void);
int sim_table_size(void);
