#include "net/mysql/greeting.h"
