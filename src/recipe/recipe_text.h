// Recipes: the settings of a run as JSON, by name or from a file.
//
// A recipe has the fields of settings.h's to_json, any of them, and two of the network: "architecture" and "size".
#pragma once

#include <string>
#include <vector>

#include "base/json_forward.h"
#include "recipe/train_options.h"

namespace graft {

std::vector<std::string> recipe_names();

// The recipe of that name, or the text of that .json file. Throws unless all its fields are right.
RecipeText find_recipe(const std::string& name_or_file);

// Its fields without the network's.
Json training_fields(const RecipeText& recipe);

// Takes the network, and how ranks and the device compute, from the recipe of the options where they do not say it.
void adopt(TrainOptions& options);

}  // namespace graft
