#pragma once
// Precompiled for the layers that serve endpoints: what nearly every file of theirs includes, below it the standard headers.
#include "base/pch.h"

#include "backend/backend.h"
#include "backend/caller.h"
#include "backend/listing.h"
#include "backend/session.h"
#include "base/encoding.h"
#include "base/log.h"
#include "schema/endpoint.h"
