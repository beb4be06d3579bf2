# Throws `darts` darts at the unit square, from the seed in the environment.
function uniform() { state = (state * 16807) % 2147483647; return state / 2147483647 }
BEGIN {
  state = ENVIRON["SEED"] * 1000003
  for (i = 0; i < darts; i++) {
    x = uniform(); y = uniform()
    if (x * x + y * y <= 1) hits++
  }
  printf "pi %.6f\n", 4 * hits / darts
}
