#include "guard/commands.h"

int main(int argc, char** argv) { return headgate::guard::RunCommandLine(argc, argv); }
