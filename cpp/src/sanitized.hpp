// Whether this is compiled for the address sanitizer, which must see every block of memory come and
// go: nothing is kept or mapped then.
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define ZBINS_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ZBINS_ADDRESS_SANITIZER 1
#endif
#endif
#ifndef ZBINS_ADDRESS_SANITIZER
#define ZBINS_ADDRESS_SANITIZER 0
#endif
